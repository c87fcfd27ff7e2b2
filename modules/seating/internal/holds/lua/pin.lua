-- pin makes sure that a basket lives long enough to become an order. However often it is repeated, the basket ends no
-- later than a while after it would have without any pin: an order that is refused again and again keeps no seats.
-- ARGV 3 place  4 ms it must at least live from now  5 ms that while lasts; "" = the clock stands, nothing can be paid
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
local least, past, was = now + tonumber(ARGV[4]), tonumber(ARGV[5]), due
if past then
  local own = tonumber(redis.call('HGET', key('pins'), ARGV[3]) or '') or due
  due = math.max(due, math.min(least, own + past))
  if due > was then redis.call('HSET', key('pins'), ARGV[3], int(own)) end
elseif least > due then
  due = least
  redis.call('HDEL', key('pins'), ARGV[3])
end
if due > was then move(seats, due) end
raise(ARGV[3], due + 20000)
redis.call('DEL', key('o:' .. ARGV[3])) -- bought, so no offer any more
return answer(seats, due, {})
