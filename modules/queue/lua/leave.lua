-- Ends the admission of a place, and forgets that it waits for a free slot.
-- KEYS, ARGV 1 see common.lua; ARGV 2 the place
-- Returns status ok, left "1" if there was an admission · lost
if not open_line() then return {'status', 'lost'} end
local left = leave(ARGV[2])
redis.call('ZREM', READY, ARGV[2])
redis.call('ZREM', SEEN, ARGV[2])
save()
return {'status', 'ok', 'left', left and '1' or '0'}
