-- pin makes sure that a basket lives long enough to become an order.
-- ARGV 3 place  4 ms it must at least live from now
-- returns OK deadline version offers offered… seat… | EXPIRED | EPOCH e | CLOSED
local no = refused(false)
if no then return no end
awake()
local seats, due = basket(ARGV[3])
if #seats == 0 then
  ring()
  tell()
  return { 'EXPIRED' }
end
due = math.max(due, now + tonumber(ARGV[4]))
for _, seat in ipairs(seats) do hold(seat, due) end
raise(ARGV[3], due + 20000)
redis.call('DEL', key('o:' .. ARGV[3])) -- bought, so no offer any more
return answer(seats, due, {})
