-- release gives back seats of a place's basket; seats it does not hold are passed over.
-- ARGV 3 place  4 "1" when only somebody admitted may ask  5… seats, none = all
-- returns OK deadline version offers offered… seat… (what is left of the basket) | NOTADMITTED | EPOCH e | CLOSED
local no = refused(false)
if no then return no end
awake()
local place = ARGV[3]
if ARGV[4] == '1' and not admitted(place) then return { 'NOTADMITTED' } end
local seats = {}
for i = 5, #ARGV do table.insert(seats, ARGV[i]) end
if #seats == 0 then seats = redis.call('SMEMBERS', key('b:' .. place)) end
for _, seat in ipairs(seats) do
  if redis.call('HGET', key('own'), seat) == place then
    drop(seat)
    log(seat, 0)
  end
end
local left, due = basket(place)
return answer(left, due, offered(place))
