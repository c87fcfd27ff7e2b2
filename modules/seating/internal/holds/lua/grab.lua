-- grab does for many fans at once what hold does for one, where nothing is the matter: the place is inside, holds
-- nothing, has no claim and no account of seats held in vain, and nobody has or had the seats. Whatever else is left
-- undone, for hold to judge. What it writes is what hold would write, in few commands for all together, so that an
-- opening costs each a fraction; it stands alone, because making the helpers of common.lua costs more than its own work.
-- KEYS as in common.lua
-- ARGV 1 epoch  2 now in ms, "" = Redis TIME  3 this replica  4 ms a basket lives  5 most seats a place may have
--      6 "1" when budgets count  7… for each fan: place, how many seats, seat…
-- returns OK deadline version "1" or "0" for each fan | EPOCH e | CLOSED
local base, call = KEYS[1], redis.call
local e = call('GET', base .. 'epoch')
if not e then return { 'EPOCH', '' } end
if string.sub(e, -1) == '!' then return { 'CLOSED' } end
if e ~= ARGV[1] then return { 'EPOCH', e } end
local now = tonumber(ARGV[2])
if not now then
  local t = call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
  -- After an outage deadlines move first.
  local hb = tonumber(call('GET', base .. 'hb') or '')
  if hb and now - hb > 3000 then return { 'OK', '0', '0', '' } end
end
local function int(n) return string.format('%.0f', n) end

-- Two keys tell of a past: t: of claims, a: of what was held and given back (with which w: comes and goes).
local places, seats, first, count, doubts = {}, {}, {}, {}, {}
local i = 7
while i <= #ARGV do
  local p = #places + 1
  places[p], first[p], count[p] = ARGV[i], #seats + 1, tonumber(ARGV[i + 1])
  for s = i + 2, i + 1 + count[p] do seats[#seats + 1] = ARGV[s] end
  doubts[2 * p - 1], doubts[2 * p] = base .. 't:' .. places[p], base .. 'a:' .. places[p]
  i = i + 2 + count[p]
end
local lease = call('ZMSCORE', KEYS[2], unpack(places))
local holds = call('SMISMEMBER', base .. 'holders', unpack(places))
local due_of = call('ZMSCORE', base .. 'x', unpack(seats))
local taken = call('HMGET', base .. 'taken', unpack(seats))
local doubted = call('EXISTS', unpack(doubts)) > 0

local life, most = tonumber(ARGV[4]), tonumber(ARGV[5])
local due = int(now + life)
local stay = int(now + life + 20000)
local mark = int(now) .. ' ' .. int(life) .. ' ' .. int(most)
local done, used = {}, {}
local x, own, since, inside, who, log, told = {}, {}, {}, {}, {}, {}, {}
for p, place in ipairs(places) do
  local last = first[p] + count[p] - 1
  local fine = count[p] <= most and holds[p] == 0 and lease[p] and tonumber(lease[p]) > now and not used['p' .. place]
  if fine and doubted then fine = call('EXISTS', unpack(doubts, 2 * p - 1, 2 * p)) == 0 end
  for s = first[p], last do
    if due_of[s] or taken[s] or used[seats[s]] then fine = false end
  end
  done[p] = fine and '1' or '0'
  if fine then
    used['p' .. place] = true
    for s = first[p], last do
      local seat = seats[s]
      used[seat] = true
      x[#x + 1], x[#x + 2] = due, seat
      own[#own + 1], own[#own + 2] = seat, place
      since[#since + 1], since[#since + 2] = seat, mark
      log[#log + 1] = seat
    end
    call('SADD', base .. 'b:' .. place, unpack(seats, first[p], last))
    who[#who + 1] = place
    inside[#inside + 1], inside[#inside + 2] = stay, place
    told[#told + 1] = place .. ' ' .. table.concat(seats, ',', first[p], last)
  end
end
if #who == 0 then return { 'OK', '0', '0', table.concat(done) } end
call('ZADD', base .. 'x', unpack(x))
call('SET', base .. 'k:' .. log[1], '', 'PX', ARGV[4]) -- one bell for all: it frees whatever is due
call('HSET', base .. 'own', unpack(own))
if ARGV[6] == '1' then call('HSET', base .. 'since', unpack(since)) end
call('SADD', base .. 'holders', unpack(who))
call('SADD', base .. 'chose', unpack(who))
call('ZADD', KEYS[2], 'XX', 'GT', unpack(inside))
-- One entry for all: it bears the last version, and names the seats of those before it.
local version = int(call('INCRBY', base .. 'ver', #log))
local entry = { 's', log[#log], 'st', '1', 'd', due }
if #log > 1 then
  entry[7], entry[8] = 'm', table.concat(log, ',', 1, #log - 1)
end
call('XADD', base .. 'log', 'MAXLEN', '~', '8192', version .. '-0', unpack(entry))
call('SPUBLISH', base .. 'ch', 'h ' .. ARGV[3] .. ' ' .. due .. ' ' .. table.concat(told, ' '))
return { 'OK', due, version, table.concat(done) }
