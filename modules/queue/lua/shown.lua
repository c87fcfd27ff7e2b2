-- Shows how far the line was called: Postgres has it, so it is not taken back whatever is lost.
-- KEYS, ARGV 1 see common.lua; ARGV 2 serving as recorded
-- Returns status ok · lost
if not open_line() then return {'status', 'lost'} end
local recorded = tonumber(ARGV[2])
put('serving', math.max(n('serving'), recorded))
put('shown', math.max(n('shown'), recorded))
save()
return {'status', 'ok'}
