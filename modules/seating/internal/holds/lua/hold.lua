-- hold puts seats into a place's basket: all it asks for or none. Safe to repeat; repeating extends nothing. In the same
-- step it gives back what the fan swaps, and what was offered before and is not among the wanted: an offer makes way.
-- ARGV 3 place  4 most seats a place may have, claims included  5 ms a new basket lives  6 "1" when budgets count
--      7 how many of the seats, whichever are free; "" = all of them  8 words: "offer": the house offers these for others that
--        went; "pick": what is promised to another place counts as gone
--      9 number of seats to give back  10 number believed free  11 number believed to be anything else
--      12 number of categories that a code must have opened
--      13… those four lists one after the other, then the seats wanted
-- returns OK deadline version offers offered… seat… (the whole basket) | NOTADMITTED | LIMIT | TAKEN seat…
--      | CODE category… (these it has not opened) | SLOW why ms seat… | STALE (a belief is wrong) | EPOCH e | CLOSED
local no = refused(false)
if no then return no end
awake()
local place, most, life, budgets = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1'
local some, is_offer, is_pick = tonumber(ARGV[7]), string.find(ARGV[8], 'offer'), string.find(ARGV[8], 'pick')
if not admitted(place) then return { 'NOTADMITTED' } end
local free = 13 + tonumber(ARGV[9]) -- where each list begins
local not_free = free + tonumber(ARGV[10])
local locked = not_free + tonumber(ARGV[11])
local first = locked + tonumber(ARGV[12])
local shut = { 'CODE' }
for i = locked, first - 1 do
  if redis.call('HEXISTS', key('u:' .. place), ARGV[i]) == 0 then table.insert(shut, ARGV[i]) end
end
if #shut > 1 then return shut end

local function gone(seat) return redis.call('HEXISTS', key('taken'), seat) == 1 or held(seat) ~= nil end
local function refuse(why)
  ring()
  tell()
  return why
end

local mine, due = basket(place)
local have, wanted = {}, {}
for _, seat in ipairs(mine) do have[seat] = true end
for i = first, #ARGV do wanted[ARGV[i]] = true end

local back = {}
local function give_back(seat)
  if have[seat] and not (wanted[seat] and not some) and not back[seat] then
    back[seat] = true
    table.insert(back, seat)
  end
end
for i = 13, free - 1 do give_back(ARGV[i]) end
local before = offered(place)
for _, seat in ipairs(before) do give_back(seat) end

local new, missed = {}, {}
for i = first, #ARGV do
  local seat = ARGV[i]
  if not have[seat] and #new < (some or #ARGV) then
    have[seat] = true
    local out = gone(seat) or (is_pick and promised(seat, place))
    if out then table.insert(missed, seat) end
    if not out or not some then table.insert(new, seat) end
  end
end
if #mine - #back + redis.call('SCARD', key('t:' .. place)) + (some or #new) > most then return refuse({ 'LIMIT' }) end
if #new < (some or 0) or (not some and #missed > 0) then return refuse({ 'TAKEN', unpack(missed) }) end
for i = free, locked - 1 do
  if (i < not_free) == gone(ARGV[i]) then return refuse({ 'STALE' }) end
end

-- The clock was started by the first seat, and nothing the fan does extends it: not by changing all seats at once either.
if #mine == 0 then due = now + life end
local was = due
if budgets and #new > 0 then
  local slow
  -- One place of an area is as good as another: none of them is "the same again".
  slow, due = sober(place, some and {} or new, #mine == 0, due, life, most)
  if slow then return refuse(slow) end
end
local held_now = {}
for _, seat in ipairs(mine) do
  if not back[seat] then table.insert(held_now, seat) end
end
-- A seat that comes with an older clock brings it for the whole basket: there is only one.
if #mine > 0 and due < was then move(held_now, due) end
for _, seat in ipairs(new) do
  -- A hold that ran out and was not swept yet: its owner hears of it first.
  if redis.call('ZSCORE', key('x'), seat) then lapse(seat) end
  hold(seat, due)
  -- An offer counts too, for as long as it is held: else asking for what is taken would hold seats free of charge.
  if budgets then mark(seat, life, most) end
  redis.call('HSET', key('own'), seat, place)
  redis.call('SADD', key('b:' .. place), seat)
  log(seat, 1, due)
  table.insert(held_now, seat)
end
-- After the new ones, so that a basket changed as a whole is never empty: what stands of it stays.
for _, seat in ipairs(back) do
  drop(seat)
  log(seat, 0)
end
-- What is asked for by name is no offer any more.
if #before > 0 then redis.call('DEL', key('o:' .. place)) end
local offers = {}
if is_offer then
  for seat in pairs(wanted) do table.insert(offers, seat) end
  redis.call('SADD', key('o:' .. place), unpack(offers))
end
redis.call('SADD', key('holders'), place)
redis.call('SADD', key('chose'), place)
raise(place, due + 20000)
return answer(held_now, due, offers)
