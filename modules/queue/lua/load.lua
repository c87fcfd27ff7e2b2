-- Puts a line back as Postgres knows it. What Redis still has of an older run stays, where it is ahead or only ours.
-- KEYS, ARGV 1 see common.lua; ARGV 2 how many fields, then name and value of each, then burnt is complete in Redis,
--   then the places whose admission is restored
-- Returns status ok · have (somebody did it already)
if open_line() then return state('have') end
local fields, entered = tonumber(ARGV[2]), nil
for i = 3, 2 + 2 * fields, 2 do
  local field, value = ARGV[i], ARGV[i + 1]
  if string.match(field, '^draw%d?$') or field == 'tail' or field == 'serving' or field == 'shown' then
    value = whole(math.max(tonumber(value), n(field))) -- counters never fall
  end
  if field == 'accuracy' then
    if value ~= '' then redis.call('HSETNX', EST, 'accuracy', value) end
  elseif field == 'entered' then
    entered = cjson.decode(value)
  else
    put(field, value)
  end
end
-- A draw that took place was opened, whatever an event of a second ago says.
if n('draws') == 1 and n('drawn') == 1 then put('opens', math.min(n('opens'), NOW)) end
if not adm.z then
  put('z', 2)
  put('q', .85)
  put('b', math.min(2, math.max(1, n('max'))))
end
-- A budget a minute goes on counting around a loss. What Postgres knows of the last minute counts where it was; what it may
-- not have heard of counts as just now, as many as the budget lets in at its pace in those seconds. To count all that is
-- left of the budget would be exact, and shut the way in for a minute after every restart of Redis.
local UNHEARD = 6 -- seconds; a little more than rememberEvery in grace.go
if entered and n('per_minute') > 0 and NOW >= n('opens') and (n('shown') > 0 or (n('draws') == 0 and n('tail') > 0)) then
  local second = math.floor(NOW / 1000)
  rotate(second)
  local function count(at, more)
    redis.call('HINCRBY', WIN, at, whole(more))
    put('winsum', n('winsum') + more)
  end
  for at, known in pairs(entered) do
    local more = known - (tonumber(redis.call('HGET', WIN, at) or '') or 0)
    if more > 0 and tonumber(at) >= second - 60 and tonumber(at) <= second then count(at, more) end
  end
  local more = math.min(math.ceil(n('per_minute') * UNHEARD / 60), n('per_minute') - n('winsum'))
  if more > 0 then count(whole(second), more) end
end
put('run', run_id())
redis.call('HDEL', ADM, 'rest')
-- Not above the cap: of those who have an order some had left, and the order does not need the room.
local active, cap = redis.call('ZCARD', LEASES), n('cap')
for i = 3 + 2 * fields, #ARGV do
  if active >= cap then break end
  if redis.call('ZADD', LEASES, 'NX', whole(NOW + LEASE), ARGV[i]) == 1 then
    redis.call('HSET', BORN, ARGV[i], whole(NOW))
    active = active + 1
  end
end
-- Whoever else was inside is put out by a fault of ours, and nobody knows who it was: so for a minute their slots are
-- kept for positions that were called before, and no more are called into them.
local missing = math.min(n('admitted'), cap) - active
put('grace', math.max(0, missing))
put('grace_back', 0)
put('grace_until', missing > 0 and NOW + 60000 or 0)
put('grace_below', n('shown'))
save()
return state('ok')
