-- The size of the draw stands in Postgres, and the burnt positions that follow from it in Redis: calling may begin.
-- KEYS, ARGV 1 see common.lua; ARGV 2 the size as Postgres has it
-- Returns status ok · lost
if not open_line() then return {'status', 'lost'} end
put('sealed', 1)
put('size', tonumber(ARGV[2]))
put('drawn', 1)
save()
return state('ok')
