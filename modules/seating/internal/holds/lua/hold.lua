-- hold puts seats into a place's basket: all it asks for or none. Safe to repeat; repeating extends nothing.
-- ARGV 3 place  4 most seats a place may have, claims included  5 ms a new basket lives  6 "1" when budgets count
--      7 how many of the seats, whichever are free; "" = all of them  8… seats
-- returns OK deadline version seat… (the whole basket) | NOTADMITTED | LIMIT | TAKEN seat… | SLOW why ms seat… | EPOCH e
--      | CLOSED
local no = refused(false)
if no then return no end
awake()
local place, most, life, budgets = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
if not admitted(place) then return { 'NOTADMITTED' } end

local mine, due = basket(place)
local have = {}
for _, seat in ipairs(mine) do have[seat] = true end
local new, gone = {}, {}
local some = tonumber(ARGV[7])
for i = 8, #ARGV do
  local seat = ARGV[i]
  if not have[seat] and #new < (some or #ARGV) then
    have[seat] = true
    local free = redis.call('HEXISTS', key('taken'), seat) == 0 and not held(seat)
    if not free then table.insert(gone, seat) end
    if free or not some then table.insert(new, seat) end
  end
end
if #mine + redis.call('SCARD', key('t:' .. place)) + (some or #new) > most then
  ring()
  tell()
  return { 'LIMIT' }
end
if #new < (some or 0) or (not some and #gone > 0) then
  ring()
  tell()
  return { 'TAKEN', unpack(gone) }
end

-- The clock was started by the first seat, and nothing the fan does extends it.
if #mine == 0 then due = now + life end
if budgets and #new > 0 then
  local slow
  -- One place of an area is as good as another: none of them is "the same again".
  slow, due = sober(place, some and {} or new, #mine == 0, due, life, most)
  if slow then
    ring()
    tell()
    return slow
  end
end
for _, seat in ipairs(new) do
  -- A hold that ran out and was not swept yet: its owner hears of it first.
  if redis.call('ZSCORE', key('x'), seat) then lapse(seat) end
  hold(seat, due)
  if budgets then mark(seat, life, most) end
  redis.call('HSET', key('own'), seat, place)
  redis.call('SADD', key('b:' .. place), seat)
  log(seat, 1, due)
  table.insert(mine, seat)
end
redis.call('SADD', key('holders'), place)
redis.call('SADD', key('chose'), place)
raise(place, due + 20000)
return answer(mine, due)
