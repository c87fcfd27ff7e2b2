-- Decides how many are called. Any replica may ask at any time; it acts once a second. research: admission.md, 3 and 4.
-- The idea: open calls, each weighed by the chance that it is still answered, plus the new ones, minus the departures of
-- the same seconds, fit under the cap with a margin z, at every horizon of the next half minute.
-- KEYS, ARGV 1 see common.lua; ARGV 2 free seats, -1 not known; 3 held or in checkout; 4 the replica that asks; 5 how far
--   it would open the door for the sake of payments, 0 to 1
-- Returns status ok, and the state: a serving above shown must be recorded before it is shown; acted "1" if this tick
--   was the one of its second · lost
if not open_line() then return {'status', 'lost'} end
seal()
if ARGV[4] then redis.call('HSET', PAY, ARGV[4], whole(NOW + 10000) .. ' ' .. ARGV[5]) end
local second = math.floor(NOW / 1000)
local dt = n('last') == 0 and 1 or (NOW - n('last')) / 1000
if dt < 0 then
  if dt < -1 then set_back(-1000 * dt) end
  put('last', NOW)
end
if dt < .9 or n('drawn') == 0 then
  save()
  return state('ok')
end
put('last', NOW)
dt = math.min(5, dt)

rotate(second)
sweep(1000)
for _, place in ipairs(redis.call('ZRANGEBYSCORE', SEEN, '-inf', whole(NOW - 8000))) do
  redis.call('ZREM', SEEN, place)
  redis.call('ZREM', READY, place)
end
redis.call('ZREMRANGEBYSCORE', CAME, '-inf', whole(NOW - 300000))
if tonumber(ARGV[2]) >= 0 then
  put('free', tonumber(ARGV[2]))
  put('held', tonumber(ARGV[3]) or 0)
  if n('free') + n('held') > 0 then put('gone', 0) elseif n('gone') == 0 then put('gone', NOW) end
end

-- The door follows the worst that any replica sees of payments: shut at once, 5 % a second down, 2 % up.
local target = 1
local said = redis.call('HGETALL', PAY)
for i = 1, #said, 2 do
  local until_ms, share = string.match(said[i + 1], '^(%d+) ([%d.]+)$')
  if tonumber(until_ms) <= NOW then redis.call('HDEL', PAY, said[i]) else target = math.min(target, tonumber(share)) end
end
local g = tonumber(adm.g) or target
if target == 0 then g = 0 elseif target < g then g = math.max(target, g - .05 * dt) else g = math.min(target, g + .02 * dt) end
put('g', g)

local open = NOW >= n('opens') and not ended()
local calling = open and adm.paused == ''
local cap, active, waiting_in = n('cap'), redis.call('ZCARD', LEASES), redis.call('ZCARD', READY)
local joined = n('size') + n('tail')

-- Departures a second, near nothing until some were seen; and late comers a second.
put('dep', n('dep') * math.exp(-dt / 45))
put('depx', n('depx') * math.exp(-dt / 45) + active * dt)
put('late', n('late') * math.exp(-dt / 60))
local mu = (n('dep') + cap * 5 / 1200) / (n('depx') + cap * 5) * active
put('mu', mu)

-- Without a draw there is nobody to call: whoever joined may come, as far as the room is free.
if n('draws') == 0 then
  if open then put('serving', joined) end
  save()
  return state('ok')
end

-- Open calls grow older, second by second.
local v, seen = read_vectors(), n('second')
if second - seen > 300 then
  for c = 1, 2 do
    for k = 1, 12 do v[c].U[k] = 0 end
  end
  redis.call('DEL', LEFT, CALLS)
else
  for s = seen + 1, second do
    for k = 1, 12 do
      local ts = s - EDGE[k + 1]
      local c, count = slot(ts)
      if c then
        v[c].U[k] = math.max(0, v[c].U[k] - count)
        if k < 12 then
          v[c].U[k + 1] = v[c].U[k + 1] + count
        else
          redis.call('HDEL', LEFT, whole(ts))
          redis.call('ZREM', CALLS, whole(ts))
        end
      end
    end
  end
end
put('second', math.max(seen, second))

-- The chance, by age, that a call is answered: a hazard per bucket, learned, from the prior of an unknown crowd.
local PRIOR = {.15, .30, .40, 1.20, .36, .22, .16, .13, .105, .083, .062, .051}
local function curve(c)
  local log_open = {0}
  for k = 1, 12 do
    local rate = (v[c].B[k] + 4 * PRIOR[k]) / (v[c].A[k] + 4)
    if k <= 4 then rate = math.max(rate, (v[c].B2[k] + 4 * rate) / (v[c].A2[k] + 4)) end -- caution when show-up rises
    local d = math.min(1, dt / (EDGE[k + 1] - EDGE[k]))
    log_open[k + 1] = log_open[k] + math.log(1 - math.min(.98, rate * d)) / d
  end
  return log_open
end
local curves = {curve(1), curve(2)}
local function log_open(c, age)
  if age >= 300 then return curves[c][13] end
  local k = bucket(age)
  return curves[c][k] + (curves[c][k + 1] - curves[c][k]) * (age - EDGE[k]) / (EDGE[k + 1] - EDGE[k])
end
local function answered(c, age, tau) return 1 - math.exp(log_open(c, age + tau) - log_open(c, age)) end
local function expected(tau) -- how many open calls and late comers enter within tau seconds, and the variance of it
  local m = n('late') * tau
  local var = m
  for c = 1, 2 do
    for k = 1, 12 do
      if v[c].U[k] > 0 then
        local p = answered(c, (EDGE[k] + EDGE[k + 1]) / 2, tau)
        m, var = m + v[c].U[k] * p, var + v[c].U[k] * p * (1 - p)
      end
    end
  end
  return m, var
end

local serving, size = n('serving'), n('size')
local cohort = serving < size and 1 or 2
local limit = serving < size and size or joined -- never across the end of the draw: the tail has its own curve
local burnt = redis.call('ZCOUNT', BURNT, whole(serving), '(' .. whole(limit))
local people = limit - serving - burnt

local room = math.floor(cap * g) - active - waiting_in - kept()
if n('left') < cap / 20 then room = room - math.floor(.04 * cap) end -- nobody leaves yet: an excess would wait minutes
local budget = n('per_minute') > 0 and n('per_minute') - n('winsum') - waiting_in or nil

local function fitting(tau) -- the greatest call that fits at this horizon
  local m, var = expected(tau)
  local credit, z = g < 1 and 0 or mu * tau, n('z') -- in trouble nobody is sure to leave
  local p = math.max(.01, answered(cohort, 0, tau))
  local e = p * (1 - p) / math.min(100, v[cohort].A[1] + v[cohort].A[4] + 4) -- spread of the estimate itself
  local function fits(count)
    local mean, spread = m + count * p, var + count * p * (1 - p) + count * count * e
    return mean + z * math.sqrt(spread + credit) <= room + credit
      and (not budget or mean + z * math.sqrt(spread) <= budget + n('per_minute') * tau / 60)
  end
  if not fits(1) then return 0 end
  local low, high = 1, math.ceil(math.max(1, room + credit) / p) + 1
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    if fits(middle) then low = middle else high = middle end
  end
  return low
end

local count = 0
put('coming', expected(32))
local young = 0 -- open calls of the last 5 s, which say nothing yet of who comes
for k = 1, 4 do young = young + v[cohort].U[k] end
put('young', young)
if calling then
  count = math.huge
  for _, tau in ipairs({2, 4, 8, 16, 32}) do count = math.min(count, fitting(tau)) end
  local m16 = expected(16)
  -- Small rooms: as if every new one came.
  local floor = math.floor(math.min(room, budget or room) + math.min(.3, math.max(.1, .4 / n('z'))) - m16)
  count = math.max(count, floor, 0)
  -- The stop rule: free seats feed free/(q*b) people, and those inside or called eat first. Held seats are promised to nobody.
  if n('free') == 0 then
    count = 0
  else
    local room_for = n('free') / (n('q') * n('b')) - browsing() - m16 - waiting_in
    local most = room_for / math.max(.05, answered(cohort, 0, 20))
    if most < 1 and room_for > .5 then most = 1 end -- the last odd seat must sell
    count = math.max(0, math.floor(math.min(count, most)))
  end
  if g < .05 then
    -- Shut; but if nobody is inside who could pay, one may try now and then, or nothing would prove that payments work again.
    local trying = redis.call('ZINTERCARD', 2, LEASES, HOLDERS) + redis.call('ZINTERCARD', 2, LEASES, PAYERS)
    if n('free') > 0 and active + waiting_in < cap and trying == 0 and NOW - n('probed') >= 20000 then
      count = budget and budget < 1 and 0 or 1
      put('probed', NOW)
    else
      count = 0
    end
  end
  -- What the estimate goes by: how much room was offered, seat by seat and second by second.
  if n('free') > 0 then put('offered', n('offered') + cap * g * dt) end
end

-- Where the line stands when count people more were called: burnt positions are stepped over at no cost, but not all at
-- once, for some may have an owner after all.
local function step(count)
  local low, high = serving, math.min(limit, serving + count + math.max(1024, 4 * cap))
  while low < high do
    local middle = math.ceil((low + high) / 2)
    local skipped = redis.call('ZCOUNT', BURNT, whole(serving), '(' .. whole(middle))
    if middle - serving - skipped <= count then low = middle else high = middle - 1 end
  end
  return low
end
if count > 0 and limit > serving then
  count = math.min(count, people)
  local reached = serving + count
  if burnt > 0 then -- a long burnt range may end the step before anybody is called
    reached = step(count)
    count = reached - serving - redis.call('ZCOUNT', BURNT, whole(serving), '(' .. whole(reached))
  end
  if count > 0 then
    local ts = second
    if n('last_cohort') == cohort then ts = math.max(ts, n('last_ts')) end
    if count > 50 then -- people this far back look seldom: their answer is due by their polling law
      local wait = count * .7 / math.min(cap / 240, budget and n('per_minute') / 60 or math.huge)
      local poll = math.min(20, math.max(2, wait / 15))
      if count < 5 * cap then poll = math.min(4, poll) end
      ts = math.max(ts, second + math.floor(poll) - 2)
    end
    local c, unclaimed = slot(ts)
    while c and c ~= cohort do
      ts = ts + 1
      c, unclaimed = slot(ts)
    end
    redis.call('HSET', LEFT, whole(ts), whole(cohort) .. ':' .. whole((unclaimed or 0) + count))
    redis.call('ZADD', CALLS, whole(reached), whole(ts))
    v[cohort].U[1] = v[cohort].U[1] + count
    put('called', n('called') + count)
    put('last_ts', ts)
    put('last_cohort', cohort)
  end
  put('serving', reached)
end

-- "Nothing free right now" is said after 15 s of it, and taken back with the first call.
if count > 0 or n('free') > 0 or not calling then put('stuck', 0) elseif n('stuck') == 0 then put('stuck', NOW) end

-- Exposure. Memory is counted in positions, not seconds: quick when it goes quick, patient when slow.
if calling then
  for c = 1, 2 do
    for k = 1, 12 do
      local passed = v[c].U[k] * dt / (EDGE[k + 1] - EDGE[k])
      for suffix, most in pairs({[''] = 100, ['2'] = 25}) do
        local a, b = v[c]['A' .. suffix], v[c]['B' .. suffix]
        a[k] = a[k] + passed
        if a[k] > most then a[k], b[k] = most, b[k] * most / a[k] end
      end
    end
  end
end
write_vectors(v)
save()
local answer = state('ok')
answer[#answer + 1], answer[#answer + 2] = 'acted', '1'
return answer
