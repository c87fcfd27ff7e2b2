-- Gives admissions back to places that have live orders; the others' stay as they are.
-- KEYS, ARGV 1 see common.lua; ARGV 2… the places
-- Returns status ok
for i = 2, #ARGV do
  if redis.call('ZADD', LEASES, 'NX', whole(NOW + LEASE), ARGV[i]) == 1 then
    redis.call('HSET', BORN, ARGV[i], whole(NOW))
  end
end
return {'status', 'ok'}
