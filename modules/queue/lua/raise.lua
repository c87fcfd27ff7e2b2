-- Lets joins go up to a ceiling that Postgres has recorded.
-- KEYS, ARGV 1 see common.lua; ARGV 2 the cohort's counter, 3 the ceiling
-- Returns status ok · lost
if not open_line() then return {'status', 'lost'} end
local field = ARGV[2] .. '_ceiling'
put(field, math.max(n(field), tonumber(ARGV[3])))
save()
return {'status', 'ok'}
