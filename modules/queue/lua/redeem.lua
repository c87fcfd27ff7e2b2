-- Marks a challenge as solved, once: one bit each.
-- KEYS 1 the bitmap of the window it was made in
-- ARGV 1 serial number; 2 for how long the bitmap is needed, ms
-- Returns 1 the first time, else 0
if redis.call('SETBIT', KEYS[1], ARGV[1], 1) == 1 then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
