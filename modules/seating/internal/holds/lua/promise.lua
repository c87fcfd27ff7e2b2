-- promise notes for a while which seats one fan is shown as further choices, so that nobody else is shown, or given by the
-- house, the same. It binds nobody who names a seat. A place's newer promise takes the place of its older one.
-- ARGV 3 place  4 ms it lasts  5 this replica  6… for each group: how many seats, seat…
-- returns OK, and for each group "1", or "0" when a seat has gone or is promised already | EPOCH e | CLOSED
local no = refused(false)
if no then return no end
local place, till = ARGV[3], int(now + tonumber(ARGV[4]))
local mine = key('p:' .. place)
for _, seat in ipairs(redis.call('SMEMBERS', mine)) do
  if not promised(seat, place) then redis.call('HDEL', key('soft'), seat) end
end
redis.call('DEL', mine)
local out, seats = { 'OK' }, {}
local i = 6
while i <= #ARGV do
  local last, fine = i + tonumber(ARGV[i]), true
  for s = i + 1, last do
    local seat = ARGV[s]
    if redis.call('HEXISTS', key('taken'), seat) == 1 or held(seat) ~= nil or promised(seat, place) then fine = false end
  end
  table.insert(out, fine and '1' or '0')
  for s = i + 1, last do
    if fine then
      redis.call('HSET', key('soft'), ARGV[s], till .. ' ' .. place)
      redis.call('SADD', mine, ARGV[s])
      table.insert(seats, ARGV[s])
    end
  end
  i = last + 1
end
if #seats > 0 then
  redis.call('PEXPIRE', mine, ARGV[4])
  redis.call('PEXPIRE', key('soft'), ARGV[4])
  redis.call('SPUBLISH', key('ch'), 's ' .. ARGV[5] .. ' ' .. place .. ' ' .. table.concat(seats, ','))
end
return out
