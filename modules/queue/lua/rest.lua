-- Puts a line to rest: what it counts is final, and every other script finds it lost until it is loaded again.
-- KEYS, ARGV 1 see common.lua; ARGV 2 the word that Postgres knows
-- Returns status ok · lost
if not open_line() then return {'status', 'lost'} end
put('rest', ARGV[2])
put('run', 'at rest')
save()
return {'status', 'ok'}
