-- Stands in front of every script of this folder.
--
-- KEYS 1 base of the event's key names; it carries the {hash tag}, so every name made from it lies in one slot
--      2 leases of admissions (place -> deadline ms)   3 born (place -> ms of admission); both are the queue's
-- ARGV 1 the epoch the caller believes in   2 now in ms, "" = Redis TIME   3… the script's own
-- Every script returns an array that begins with a word: OK, or why not. EPOCH e: the map is in epoch e ("" = lost).
-- CLOSED: the map is being rebuilt.
--
-- epoch  "7", or "7!" while it is being rebuilt      ver   version of the map: epoch * 2^32 + changes
-- x      zset seat -> deadline ms: A HOLD IS LIVE IFF ITS DEADLINE LIES AHEAD; nothing else says so
-- own    hash seat -> place     b:<place>  set of seats held     holders  set of places that hold
-- k:<seat> expires about when the hold does: only a bell          chose    set of places that held since admitted
-- o:<place> set of those of its seats that the house offered for others that went; they make way for the next hold
-- soft   hash seat -> "until place": shown to that place as a further choice (promise)     p:<place> set of those seats
-- u:<place> hash category -> code: locked categories whose seats this place may hold
-- pins   hash place -> ms when its basket would have run out without a pin; only while a pin made it later
-- taken  hash seat -> "claim:c|s|b:place" (checkout, sold, blocked); only that claim's id removes it
-- t:<place> set of seats taken by its claims     payers  set of places with a claim in checkout
-- log    stream version-0 -> s seat, st state: 0 free 1 held 2 sold 3 blocked 4 in checkout, d deadline ms of a hold,
--        m "seat,seat…" whose versions are the ones just before, with the same st and d (grab)
-- ch     shard channel: "v" the log grew · "shift" deadlines moved · "p <from> <place> <frame>" for one place's eyes
--        "h <from> <due> <place> <seat,…> …" grab: the log grew, and these places hold these seats
--        "s <from> <place> <seat,…>" promise: these are kept for this place for a while
-- hb     ms when somebody last looked after the deadlines      since, a:<place>, w:<place>   see budget.lua

local settle_hold, forget, late_mark -- budget.lua

local function key(name) return KEYS[1] .. name end

-- Lua's own conversion loses digits above 1e14.
local function int(n) return string.format('%.0f', n) end

local now = tonumber(ARGV[2])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end

-- refused gives the answer when the caller's epoch is not the map's, or the map is closed to this script.
local function refused(also_closed)
  local e = redis.call('GET', key('epoch'))
  if not e then return { 'EPOCH', '' } end
  local closed = string.sub(e, -1) == '!'
  if closed then e = string.sub(e, 1, -2) end
  if e ~= ARGV[1] then return { 'EPOCH', e } end
  if closed and not also_closed then return { 'CLOSED' } end
end

local grew = false

-- log gives the map its next version. due is the deadline of a seat that is held, for watchers to see about when it may
-- come back.
local function log(seat, state, due)
  local v = int(redis.call('INCR', key('ver')))
  if due then
    redis.call('XADD', key('log'), 'MAXLEN', '~', '8192', v .. '-0', 's', seat, 'st', state, 'd', int(due))
  else
    redis.call('XADD', key('log'), 'MAXLEN', '~', '8192', v .. '-0', 's', seat, 'st', state)
  end
  grew = true
end

-- ring wakes the watchers, once a script.
local function ring()
  if grew then redis.call('SPUBLISH', key('ch'), 'v') end
end

-- awake pays back an outage: when nobody looked for more than 3 s, nobody could pay or choose, so every deadline moves
-- by the gap. Runs before anything is judged. A test's own clock knows no outage.
-- The gap of an admission begins with it at the earliest: the line lets people in also while nobody looks at the map, and
-- who came after the last look has lost nothing before that. Holds need no such care, for placing one is a look.
-- Watchers were told the old deadlines, so the log tells the new ones.
local function awake()
  if ARGV[2] ~= '' then return end
  local hb = tonumber(redis.call('GET', key('hb')) or '')
  if not hb or now - hb <= 3000 then return end
  local gap = now - hb
  redis.call('SET', key('hb'), int(now))
  for _, zset in ipairs({ key('x'), KEYS[2] }) do
    local all = redis.call('ZRANGE', zset, 0, -1, 'WITHSCORES')
    for i = 1, #all, 2 do
      local lost = gap
      if zset == KEYS[2] then
        local born = tonumber(redis.call('HGET', KEYS[3], all[i]) or '') or hb
        lost = math.max(0, now - math.max(hb, born))
      end
      local due = tonumber(all[i + 1]) + lost
      redis.call('ZADD', zset, int(due), all[i])
      if zset == key('x') then
        redis.call('SET', key('k:' .. all[i]), '', 'PX', int(math.max(1, due - now)))
        log(all[i], 1, due)
        late_mark(all[i], gap)
      end
    end
  end
  local pins = redis.call('HGETALL', key('pins'))
  for i = 1, #pins, 2 do redis.call('HSET', key('pins'), pins[i], int(tonumber(pins[i + 1]) + gap)) end
  redis.call('SPUBLISH', key('ch'), 'shift')
  ring()
end

-- held gives the place and the deadline of a live hold on the seat.
local function held(seat)
  local due = tonumber(redis.call('ZSCORE', key('x'), seat) or '')
  if due and due > now then return redis.call('HGET', key('own'), seat), due end
end

-- leave takes a seat out of a place's basket.
local function leave(place, seat)
  redis.call('SREM', key('b:' .. place), seat)
  redis.call('SREM', key('o:' .. place), seat)
  if redis.call('EXISTS', key('b:' .. place)) == 0 then
    redis.call('SREM', key('holders'), place)
    redis.call('HDEL', key('pins'), place)
  end
end

-- drop ends a hold without saying what the seat becomes; it gives the place that had it, whose account is settled but
-- for a hold that a claim took over.
local function drop(seat, claimed)
  local place = redis.call('HGET', key('own'), seat)
  if place and not claimed then settle_hold(place, seat, tonumber(redis.call('ZSCORE', key('x'), seat) or '')) end
  redis.call('ZREM', key('x'), seat)
  redis.call('HDEL', key('own'), seat)
  redis.call('DEL', key('k:' .. seat))
  if place then leave(place, seat) end
  return place
end

local lost = {} -- place -> seats it lost in this script

local function loses(place, seat)
  if not place then return end
  lost[place] = lost[place] or {}
  table.insert(lost[place], seat)
end

-- lapse frees a seat whose hold has run out.
local function lapse(seat)
  loses(drop(seat), seat)
  log(seat, 0)
end

-- tell says to each place what it lost.
local function tell()
  for place, seats in pairs(lost) do
    redis.call('SPUBLISH', key('ch'),
      'p - ' .. place .. ' {"t":"expired","seats":[' .. table.concat(seats, ',') .. ']}')
  end
end

-- basket lapses what ran out of a place's holds and gives the rest, with its one deadline.
local function basket(place)
  local seats, due = {}, 0
  for _, seat in ipairs(redis.call('SMEMBERS', key('b:' .. place))) do
    local owner, d = held(seat)
    if owner == place then
      table.insert(seats, seat)
      due = math.max(due, d)
    elseif owner then
      leave(place, seat) -- another's, however it came here: their hold stands
    else
      lapse(seat)
    end
  end
  return seats, due
end

-- promised tells whether a seat is kept for a while for another place.
local function promised(seat, place)
  local till, to = string.match(redis.call('HGET', key('soft'), seat) or '', '^(%d+) (.*)$')
  return till and tonumber(till) > now and to ~= place
end

-- offered are the seats of a place that make way for its next hold.
local function offered(place) return redis.call('SMEMBERS', key('o:' .. place)) end

-- hold puts a deadline on a seat.
local function hold(seat, due)
  redis.call('ZADD', key('x'), int(due), seat)
  redis.call('SET', key('k:' .. seat), '', 'PX', int(math.max(1, due - now)))
end

-- move gives a basket another deadline, and tells watchers.
local function move(seats, due)
  for _, seat in ipairs(seats) do
    hold(seat, due)
    log(seat, 1, due)
  end
end

-- admitted tells whether the place is inside; raise lets it stay at least that long, and never lets anybody in.
local function admitted(place)
  local lease = tonumber(redis.call('ZSCORE', KEYS[2], place) or '')
  return lease and lease > now
end
local function raise(place, until_ms)
  redis.call('ZADD', KEYS[2], 'XX', 'GT', int(until_ms), place)
end

-- claim_of splits what stands in taken: id, status, place.
local function claim_of(seat)
  local value = redis.call('HGET', key('taken'), seat)
  if value then return string.match(value, '^(%d+):(%a):(.*)$') end
end

-- settle says whether a place still has a claim in checkout.
local function settle(place)
  for _, seat in ipairs(redis.call('SMEMBERS', key('t:' .. place))) do
    local _, status = claim_of(seat)
    if status == 'c' then
      redis.call('SADD', key('payers'), place)
      return
    end
  end
  redis.call('SREM', key('payers'), place)
end

-- answer is the end of a script that speaks of a basket: how many of its seats are offers, those, and then all seats.
local function answer(seats, due, offers)
  ring()
  tell()
  local out = { 'OK', int(due), redis.call('GET', key('ver')), int(#offers) }
  for _, seat in ipairs(offers) do table.insert(out, seat) end
  for _, seat in ipairs(seats) do table.insert(out, seat) end
  return out
end
