-- Head of every script of a line; store_redis.go joins it before each of them.
-- KEYS 1 adm (hash) 2 adm.v (packed numbers) 3 calls (zset: second of a call by end position)
--      4 left (hash: second -> cohort:unclaimed) 5 ready (zset: refused place by position)
--      6 seen (zset: refused place by last request, ms) 7 leases (zset: place by deadline, ms) 8 born (hash: place -> ms)
--      9 win (hash: second -> admissions) 10 burnt (zset: positions) 11 came (zset: place by its first claim, ms)
--      12 holders 13 payers 14 chose (sets of places, kept by seating)
--      15 the beginning of the name of the set of seats a place has in checkout or bought; same hash tag as the others
--      16 when seating last looked after the deadlines, ms
--      17 est (hash: what estimate.lua knows) 18 pay (hash: replica -> "until, ms" and where payments want the door)
-- ARGV 1 now in ms, or "" for this server's clock; the rest is the script's own
-- Returns name, value, name, value … all strings, "status" first.
local ADM, VECTORS, CALLS, LEFT, READY, SEEN, LEASES, BORN, WIN, BURNT, CAME, HOLDERS, PAYERS, CHOSE, TAKEN, HEARTBEAT, EST, PAY = unpack(KEYS)
local LEASE, LIFE, LAST = 180000, 1800000, 20000 -- ms: after a request, without an order, after the last socket

local function whole(v) return string.format('%.0f', v) end

local NOW = tonumber(ARGV[1])
if not NOW then
  local t = redis.call('TIME')
  NOW = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- The server's run changes with every start and failover, when the last writes may be gone.
local function run_id()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
end

-- adm as it was read, with what put changed; save writes the changes.
local adm, dirty = {}, {}

-- False when there is no line here, or one from before the server's last start.
local function open_line()
  local flat = redis.call('HGETALL', ADM)
  for i = 1, #flat, 2 do adm[flat[i]] = flat[i + 1] end
  return adm.run == run_id()
end

local function n(field) return tonumber(adm[field]) or 0 end

local function put(field, value)
  if type(value) == 'number' then
    value = value == math.floor(value) and whole(value) or string.format('%.17g', value)
  end
  if adm[field] ~= value then
    adm[field], dirty[field] = value, true
  end
end

local function save()
  local flat = {}
  for field in pairs(dirty) do
    flat[#flat + 1] = field
    flat[#flat + 1] = adm[field]
  end
  if #flat > 0 then redis.call('HSET', ADM, unpack(flat)) end
  dirty = {}
end

-- How many take part in the draw, lanes included. Each lane counts by itself: draw1, draw2 and so on.
local function in_draw()
  local sum = n('draw')
  for lane = 1, n('lanes') do sum = sum + n('draw' .. lane) end
  return sum
end

-- Slots kept for those whom a lost Redis put out: for a minute nobody who was called later takes them. See load.lua.
local function kept()
  if NOW >= n('grace_until') then return 0 end
  return math.max(0, n('grace') - n('grace_back'))
end

-- What Go wants to know of a line after most scripts.
local function state(status)
  local joined = (n('sealed') == 1 and n('size') or in_draw()) + n('tail')
  return {'status', status, 'now', whole(NOW), 'sealed', whole(n('sealed')), 'drawn', whole(n('drawn')), 'size', whole(n('size')),
    'draw', whole(n('draw')), 'tail', whole(n('tail')), 'serving', whole(n('serving')), 'shown', whole(n('shown')),
    'draws', whole(n('draws')), 'cap', whole(n('cap')), 'per_minute', whole(n('per_minute')), 'paused', adm.paused or '',
    'ended', whole(n('ended')), 'prequeue', whole(n('prequeue')), 'opens', whole(n('opens')), 'closes', whole(n('closes')),
    'max', whole(n('max')), 'active', whole(redis.call('ZCARD', LEASES)), 'winsum', whole(n('winsum')), 'mu', adm.mu or '0',
    'kept', whole(kept()), 'grace', whole(n('grace')), 'grace_until', whole(n('grace_until')), 'grace_back', whole(n('grace_back')),
    'door', adm.g or '1', 'gone', whole(n('gone')), 'estimated', whole(n('estimated')),
    'stuck', whole(n('stuck')), 'joined', whole(joined), 'draw_ceiling', whole(n('draw_ceiling')), 'tail_ceiling', whole(n('tail_ceiling'))}
end

local function ended()
  return (n('ended') > 0 and NOW >= n('ended')) or (n('closes') > 0 and NOW >= n('closes'))
end

-- From opens on the draw takes nobody more.
local function seal()
  if n('sealed') == 0 and NOW >= n('opens') then
    put('sealed', 1)
    put('size', in_draw())
  end
end

-- Forgets admissions of more than a minute ago: 61 slots, so that no 60 s, wherever they begin, hold more than the sum.
local function rotate(second)
  local last = n('win_s')
  if second <= last then return end
  if second - last > 60 then
    redis.call('DEL', WIN)
    put('winsum', 0)
  else
    for s = last - 60, second - 61 do
      local count = redis.call('HGET', WIN, whole(s))
      if count then
        put('winsum', n('winsum') - count)
        redis.call('HDEL', WIN, whole(s))
      end
    end
  end
  put('win_s', second)
end

-- Ends an admission, once, and learns from it what people do in there.
local function leave(place)
  if redis.call('ZREM', LEASES, place) == 0 then return false end
  redis.call('HDEL', BORN, place)
  put('dep', n('dep') + 1)
  put('left', n('left') + 1)
  local chose = redis.call('SREM', CHOSE, place)
  if chose == 1 or n('free') > 0 then
    put('q', math.max(.2, n('q') + (chose - n('q')) / 50))
  end
  local seats = redis.call('SCARD', TAKEN .. place)
  if chose == 1 then -- what is held is bought in the end, or comes back
    local sold = tonumber(adm.holds_sold) or .72
    put('holds_sold', sold + ((seats > 0 and 1 or 0) - sold) / 50)
  end
  if seats > 0 then
    put('b', math.min(math.max(1, n('b') + (seats - n('b')) / 50), math.max(1, n('max'))))
  end
  return true
end

local function busy(place) -- holds seats or pays: no admission ends then
  return redis.call('SISMEMBER', HOLDERS, place) == 1 or redis.call('SISMEMBER', PAYERS, place) == 1
end

-- unpaid gives the ms when an outage began that seating has not paid back yet, else nil. It is about to move every
-- deadline by the outage's length; until then a lease that lies in the past says nothing.
local function unpaid()
  local beat = tonumber(redis.call('GET', HEARTBEAT) or '')
  if ARGV[1] == '' and beat and NOW - beat > 3000 then return beat end
end

-- The deadline of a place's admission as it will be once an outage is paid back, 0 for none; and by how much it will be
-- moved: what is written meanwhile must lie earlier by that, or the outage would be paid twice.
local function lease(place)
  local deadline = tonumber(redis.call('ZSCORE', LEASES, place) or '')
  if not deadline then return 0, 0 end
  local since, owed = unpaid(), 0
  if since then
    local born = tonumber(redis.call('HGET', BORN, place) or '') or since
    owed = math.max(0, NOW - math.max(since, born))
  end
  return deadline + owed, owed
end

-- Ends what lapsed, at most limit of them.
local function sweep(limit)
  if unpaid() then return end
  for _, place in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', whole(NOW), 'LIMIT', 0, limit)) do
    if busy(place) then
      redis.call('ZADD', LEASES, whole(NOW + LAST), place)
    else
      leave(place)
    end
  end
end

-- The new deadline of a live admission: it slides, up to its longest life, and never falls.
local function slide(place, deadline, owed)
  local born = tonumber(redis.call('HGET', BORN, place)) or NOW
  local later = math.min(NOW + LEASE, born + LIFE)
  if later <= deadline then return deadline end
  redis.call('ZADD', LEASES, whole(later - owed), place)
  return later
end

-- Calls by age. A call counts in bucket k while it is EDGE[k] to EDGE[k+1] seconds old. U open calls; A, B exposure and
-- claims over the last hundred positions; A2, B2 over the last 25. One set for each cohort: 1 draw, 2 tail.
local EDGE = {0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 90, 150, 300}
local NAMES = {'U', 'A', 'B', 'A2', 'B2'}

local function bucket(age)
  for k = 12, 2, -1 do
    if age >= EDGE[k] then return k end
  end
  return 1
end

local function read_vectors()
  local packed = redis.call('GET', VECTORS)
  local flat, v, i = packed and cmsgpack.unpack(packed) or {}, {}, 0
  for c = 1, 2 do
    v[c] = {}
    for _, name in ipairs(NAMES) do
      v[c][name] = {}
      for k = 1, 12 do
        i = i + 1
        v[c][name][k] = flat[i] or 0
      end
    end
  end
  return v
end

local function write_vectors(v)
  local flat = {}
  for c = 1, 2 do
    for _, name in ipairs(NAMES) do
      for k = 1, 12 do flat[#flat + 1] = v[c][name][k] end
    end
  end
  redis.call('SET', VECTORS, cmsgpack.pack(flat))
end

-- Who is inside and has chosen nothing yet: each will eat of the free seats.
local function browsing()
  return redis.call('ZCARD', LEASES) - redis.call('ZINTERCARD', 2, LEASES, HOLDERS) - redis.call('ZINTERCARD', 2, LEASES, PAYERS)
    + redis.call('ZINTERCARD', 3, LEASES, HOLDERS, PAYERS)
end

local function slot(second) -- cohort (1 or 2) and open calls of that second, or nil
  local text = redis.call('HGET', LEFT, whole(second))
  if not text then return nil end
  local cohort, count = string.match(text, '^(%d):(%-?%d+)$')
  return tonumber(cohort), tonumber(count)
end

-- The server's clock was set back by so many ms: what was written by it moves along, or nobody would lapse and no
-- minute pass until it has caught up.
local function set_back(by)
  local seconds = math.floor(by / 1000)
  for _, key in ipairs({LEASES, SEEN, CAME}) do
    local all = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for i = 1, #all, 2 do redis.call('ZADD', key, whole(all[i + 1] - by), all[i]) end
  end
  for _, place in ipairs(redis.call('HKEYS', BORN)) do redis.call('HINCRBY', BORN, place, whole(-by)) end
  -- Who entered in the last minute counts as of now: the budget is met late rather than passed.
  redis.call('DEL', WIN)
  put('win_s', math.floor(NOW / 1000))
  if n('winsum') > 0 then redis.call('HSET', WIN, adm.win_s, whole(n('winsum'))) end
  local left, calls = redis.call('HGETALL', LEFT), redis.call('ZRANGE', CALLS, 0, -1, 'WITHSCORES')
  redis.call('DEL', LEFT, CALLS)
  for i = 1, #left, 2 do redis.call('HSET', LEFT, whole(left[i] - seconds), left[i + 1]) end
  for i = 1, #calls, 2 do redis.call('ZADD', CALLS, calls[i + 1], whole(calls[i] - seconds)) end
  put('second', n('second') - seconds)
  put('last_ts', n('last_ts') - seconds)
  if n('drawn') == 1 then put('opens', math.min(n('opens'), NOW)) end -- what was opened stays open
  for _, field in ipairs({'stuck', 'gone', 'probed', 'grace_until'}) do
    if n(field) > 0 then put(field, math.max(1, n(field) - by)) end
  end
end
