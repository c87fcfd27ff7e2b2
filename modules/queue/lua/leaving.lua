-- The last socket of a place closed: with nothing held and nothing being paid its admission ends in 20 s, unless a
-- request slides it again.
-- KEYS, ARGV 1 see common.lua; ARGV 2 the place
-- Returns status ok
local deadline, owed = lease(ARGV[2])
if deadline > NOW + LAST and not busy(ARGV[2]) then
  redis.call('ZADD', LEASES, whole(NOW + LAST - owed), ARGV[2])
end
return {'status', 'ok'}
