-- Ends the time in which slots are kept for those whom a lost Redis put out.
-- KEYS, ARGV 1 see common.lua
-- Returns status ok · lost
if not open_line() then return {'status', 'lost'} end
put('grace', 0)
save()
return {'status', 'ok'}
