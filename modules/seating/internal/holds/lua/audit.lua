-- audit looks for holds that contradict themselves, and changes nothing.
-- returns OK, {seat, what is wrong, …} | EPOCH e
local no = refused(true)
if no then return no end
local found = {}
local function odd(seat, what)
  found[#found + 1] = seat
  found[#found + 1] = what
end
local owned = 0
for _, seat in ipairs(redis.call('ZRANGE', key('x'), 0, -1)) do
  local owner = redis.call('HGET', key('own'), seat)
  if owner then owned = owned + 1 end
  if not owner then
    odd(seat, 'has a deadline and no owner')
  elseif redis.call('SISMEMBER', key('b:' .. owner), seat) == 0 then
    odd(seat, 'is held by a place whose basket does not have it')
  elseif redis.call('SISMEMBER', key('holders'), owner) == 0 then
    odd(seat, 'is held by a place that is not among those who hold')
  end
  if redis.call('HEXISTS', key('taken'), seat) == 1 then odd(seat, 'is held and taken') end
end
if redis.call('HLEN', key('own')) > owned then
  for _, seat in ipairs(redis.call('HKEYS', key('own'))) do
    if not redis.call('ZSCORE', key('x'), seat) then odd(seat, 'has an owner and no deadline: it would never come back') end
  end
end
return { 'OK', found }
