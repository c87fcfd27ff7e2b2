-- Takes one from a budget (GCRA: one number per budget, the moment at which it is full again).
-- KEYS 1 the budget
-- ARGV 1 how many a period, also the largest burst; 2 now in ms, or "" for this server's clock; 3 the period in ms
-- Returns 0 when taken, else the microseconds until one is free (nothing is taken then).
local budget, period = tonumber(ARGV[1]), tonumber(ARGV[3])
local now
if ARGV[2] == '' then
  local t = redis.call('TIME')
  now = tonumber(t[1]) * 1000000 + tonumber(t[2])
else
  now = tonumber(ARGV[2]) * 1000
end

-- Whole microseconds are exact in a double until the year 2255, so a burst is the budget to the last one.
local interval = math.max(1, math.floor(period * 1000 / budget))
local burst = interval * budget

local full = tonumber(redis.call('GET', KEYS[1]) or '') or now
-- A clock that was set back, or a budget that was made smaller, must not lock anyone out for longer than an empty budget does.
full = math.min(math.max(full, now), now + burst) + interval

local over = full - now - burst
if over > 0 then
  return over
end
-- The expiry only tidies up: a budget that is full again is the same as none.
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1000)
return 0
