-- What a place has held without buying; stands between common and the script. A hold is marked when it begins under a
-- budget (hold.lua), and whoever takes the mark away settles the account. Without a mark nothing is counted.
--
-- since      hash seat -> "began life most": ms when the hold began, ms a basket lives, seats a place may have
-- a:<place>  hash  spent: seat-ms used without buying, as of at: ms   rest: ms until which the place takes nothing
--            long: ms when it last gave back, or lost, a seat it had held for more than half of a basket's life
-- w:<place>  hash seat -> "due at": the seat went back at this ms, when its clock had until due
-- back       hash seat -> ms when it came back after a long hold, unbought
--
-- A full basket that lives to its end spends one basket. Two may be spent before a new basket is refused (so the third
-- still comes), and one is forgiven in seven and a half lives of a basket: in an hour, where a basket lives eight minutes.
-- A purchase forgives everything. Only time held counts: not an outage, not what a pin or a payment adds to a life.
local baskets, lives, second_for = 2, 7.5, 16
local rest_ms, again_ms, others_ms = 10000, 60000, 15000

local function mark_of(seat)
  local began, life, most = string.match(redis.call('HGET', key('since'), seat) or '', '^(%d+) (%d+) (%d+)$')
  return tonumber(began or ''), tonumber(life or ''), tonumber(most or '')
end

-- spent gives what a place has used by now, in seat-ms.
local function spent(place, most)
  local was = redis.call('HMGET', key('a:' .. place), 'spent', 'at')
  local idle = math.max(0, now - (tonumber(was[2] or '') or now))
  return math.max(0, (tonumber(was[1] or '') or 0) - idle * most / lives)
end

-- settle_hold ends what a mark began. With due, the seat went back from a basket whose clock had until then.
settle_hold = function(place, seat, due)
  local began, life, most = mark_of(seat)
  if not began then return end
  redis.call('HDEL', key('since'), seat)
  local account, went = key('a:' .. place), key('w:' .. place)
  local held = math.min(now, due or now) - began
  redis.call('HSET', account, 'at', int(now), 'spent', int(spent(place, most) + math.max(0, math.min(held, life))))
  redis.call('PEXPIRE', account, int(math.max(life * 24, again_ms)))
  if not due then return end
  due = math.min(due, tonumber(redis.call('HGET', key('pins'), place) or '') or due) -- what a pin adds is no time of theirs
  if due <= now then redis.call('HSET', account, 'rest', int(now + rest_ms)) end
  if held * 2 > life then
    redis.call('HSET', account, 'long', int(now))
    redis.call('HSET', key('back'), seat, int(now))
    redis.call('PEXPIRE', key('back'), others_ms)
  end
  -- More than the budget of changes lets through in the time it matters: forgotten, to bound it.
  if redis.call('HLEN', went) > 500 then redis.call('DEL', went) end
  redis.call('HSET', went, seat, int(due) .. ' ' .. int(now))
  redis.call('PEXPIRE', went, again_ms)
end

-- forget takes marks away without counting them; bought forgives the place everything.
forget = function(seat) redis.call('HDEL', key('since'), seat) end
local function bought(place) redis.call('DEL', key('a:' .. place), key('w:' .. place)) end

-- sober tells why a place may not take seats now, and until when a basket with them may live.
-- A seat that went back keeps its clock for its last holder for a minute: giving back and taking again gains no time, and
-- one whose clock has run out is for others first. A seat that comes back after a long hold is for a quarter of a minute
-- for those who have no long hold without buying behind them: else they would hand it on among themselves.
-- returns nil, due | { 'SLOW', 'held' | 'rest' | 'others', ms to wait, seat… }
local function sober(place, seats, empty, due, life, most)
  local account = redis.call('HMGET', key('a:' .. place), 'rest', 'long')
  local rest, long = tonumber(account[1] or '') or 0, tonumber(account[2] or '')
  if empty then
    local over = spent(place, most) - baskets * most * life
    if over > 0 then return { 'SLOW', 'held', int(math.ceil(over * lives / most)) } end
    if rest > now then return { 'SLOW', 'rest', int(rest - now) } end
  end
  local second = long and now - long < life * second_for
  local first, wait = {}, 0
  for _, seat in ipairs(seats) do
    local ran, at = string.match(redis.call('HGET', key('w:' .. place), seat) or '', '^(%d+) (%d+)$')
    local left = (tonumber(at or '') or 0) + again_ms - now
    if left > 0 and tonumber(ran) > now then
      due, left = math.min(due, tonumber(ran)), 0 -- a slip of the finger: theirs again, as it was
    elseif second then
      left = math.max(left, (tonumber(redis.call('HGET', key('back'), seat) or '') or 0) + others_ms - now)
    end
    if left > 0 then
      table.insert(first, seat)
      wait = math.max(wait, math.min(left, again_ms))
    end
  end
  if #first > 0 then return { 'SLOW', 'others', int(wait), unpack(first) } end
  return nil, due
end

-- mark puts a new hold under the budget.
local function mark(seat, life, most)
  redis.call('HSET', key('since'), seat, int(now) .. ' ' .. int(life) .. ' ' .. int(most))
end

-- late_mark moves a mark past an outage.
late_mark = function(seat, gap)
  local began, life, most = mark_of(seat)
  if began then redis.call('HSET', key('since'), seat, int(began + gap) .. ' ' .. int(life) .. ' ' .. int(most)) end
end
