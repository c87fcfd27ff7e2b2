-- hold puts seats into a place's basket: all of them or none. Safe to repeat; repeating extends nothing.
-- ARGV 3 place  4 most seats a place may have, claims included  5 ms a new basket lives  6… seats
-- returns OK deadline version seat… (the whole basket) | NOTADMITTED | LIMIT | TAKEN seat… | EPOCH e | CLOSED
local no = refused(false)
if no then return no end
awake()
local place = ARGV[3]
if not admitted(place) then return { 'NOTADMITTED' } end

local mine, due = basket(place)
local have = {}
for _, seat in ipairs(mine) do have[seat] = true end
local new, gone = {}, {}
for i = 6, #ARGV do
  local seat = ARGV[i]
  if not have[seat] then
    have[seat] = true
    if redis.call('HEXISTS', key('taken'), seat) == 1 or held(seat) then
      table.insert(gone, seat)
    end
    table.insert(new, seat)
  end
end
if #mine + redis.call('SCARD', key('t:' .. place)) + #new > tonumber(ARGV[4]) then
  ring()
  tell()
  return { 'LIMIT' }
end
if #gone > 0 then
  ring()
  tell()
  return { 'TAKEN', unpack(gone) }
end

-- The clock was started by the first seat, and nothing the fan does extends it.
if #mine == 0 then due = now + tonumber(ARGV[5]) end
for _, seat in ipairs(new) do
  -- A hold that ran out and was not swept yet: its owner hears of it first.
  if redis.call('ZSCORE', key('x'), seat) then lapse(seat) end
  hold(seat, due)
  redis.call('HSET', key('own'), seat, place)
  redis.call('SADD', key('b:' .. place), seat)
  log(seat, 1, due)
  table.insert(mine, seat)
end
redis.call('SADD', key('holders'), place)
redis.call('SADD', key('chose'), place)
raise(place, due + 20000)
return answer(mine, due)
