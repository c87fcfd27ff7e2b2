-- untake frees seats whose claims were released, each only if it is still that claim's. Works while the map is closed.
-- ARGV 3… seat, claim
-- returns OK version | EPOCH e
local no = refused(true)
if no then return no end
for i = 3, #ARGV, 2 do
  local seat = ARGV[i]
  local id, status, place = claim_of(seat)
  if id == ARGV[i + 1] then
    redis.call('HDEL', key('taken'), seat)
    if status == 'c' then settle_hold(place, seat) end
    if place ~= '' then
      redis.call('SREM', key('t:' .. place), seat)
      settle(place)
    end
    log(seat, 0)
  end
end
ring()
return { 'OK', redis.call('GET', key('ver')) }
