-- Takes one's turn. The cap is checked here, at the moment of entering, whatever the calls promised.
-- KEYS, ARGV 1 see common.lua; ARGV 2 the place, 3 its position (-1 not known), 4 seats that are free, held or in
--   checkout (-1 not known)
-- Returns status in (until) · again (until) · done · ended · not-open (opens, sealed, drawn) · paused (reason) · sold-out
--   · not-your-turn (ahead) · room-full (ahead, mu) · position (tell the position and ask again) · lost
if not open_line() then return {'status', 'lost'} end
seal()
local place, position, unsold = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local deadline, owed = lease(place)
local done = redis.call('SCARD', TAKEN .. place) >= math.max(1, n('max'))
local engaged = deadline > 0 and busy(place)
if engaged or (deadline > NOW and not done) then
  save()
  local later = slide(place, math.max(deadline, NOW), owed)
  if later <= NOW then -- its longest life is over, but it holds or pays
    later = NOW + LAST
    redis.call('ZADD', LEASES, whole(later - owed), place)
  end
  return {'status', 'again', 'until', whole(later)}
end
if deadline > 0 then leave(place) end -- lapsed, or has bought all it may

local draws, refused = n('draws') == 1, nil
if ended() then
  refused = {'status', 'ended'}
elseif NOW < n('opens') or n('drawn') == 0 then
  refused = {'status', 'not-open', 'opens', whole(n('opens')), 'sealed', whole(n('sealed')), 'drawn', whole(n('drawn'))}
elseif done then
  refused = {'status', 'done'}
elseif adm.paused ~= '' then
  refused = {'status', 'paused', 'reason', string.sub(adm.paused, 2)}
elseif unsold == 0 then
  refused = {'status', 'sold-out'}
elseif position < 0 then
  refused = {'status', 'position'}
elseif draws and position >= n('shown') then
  refused = {'status', 'not-your-turn', 'ahead', whole(position - n('shown'))}
end
if refused then
  save()
  return refused
end

local second = math.floor(NOW / 1000)
rotate(second)
sweep(20)

-- The first claim of a place answers its call, if the call is remembered; whoever comes later than that is "late".
local first = redis.call('ZADD', CAME, 'NX', whole(NOW), place) == 1
if first and draws then
  local called = redis.call('ZSCORE', BURNT, whole(position)) and {} or
    redis.call('ZRANGEBYSCORE', CALLS, '(' .. whole(position), '+inf', 'LIMIT', 0, 1)
  local cohort, open = nil, 0
  if called[1] then cohort, open = slot(tonumber(called[1])) end
  if cohort and open > 0 then
    redis.call('HSET', LEFT, called[1], whole(cohort) .. ':' .. whole(open - 1))
    local v, k = read_vectors(), bucket(n('second') - tonumber(called[1]))
    v[cohort].U[k] = math.max(0, v[cohort].U[k] - 1)
    v[cohort].B[k] = v[cohort].B[k] + 1
    v[cohort].B2[k] = v[cohort].B2[k] + 1
    write_vectors(v)
  else
    put('late', n('late') + 1 / 60)
  end
end

local alpha = .003
local back = position < n('grace_below') and kept() > 0 -- perhaps one whom we put out
local ahead = redis.call('ZCOUNT', READY, '-inf', '(' .. whole(position)) + (back and 0 or kept())
local budget = n('per_minute')
if redis.call('ZCARD', LEASES) + ahead < n('cap') and (budget == 0 or n('winsum') + ahead < budget) then
  redis.call('ZADD', LEASES, whole(NOW + LEASE), place)
  redis.call('HSET', BORN, place, whole(NOW))
  redis.call('HINCRBY', WIN, whole(second), 1)
  redis.call('SREM', CHOSE, place)
  redis.call('ZREM', READY, place)
  redis.call('ZREM', SEEN, place)
  put('winsum', n('winsum') + 1)
  local cohort = position < n('size') and 'entered_draw' or 'entered_tail'
  put(cohort, n(cohort) + 1)
  if back then put('grace_back', n('grace_back') + 1) end
  if first then put('z', math.max(1, n('z') - .05 * alpha)) end
  save()
  return {'status', 'in', 'until', whole(NOW + LEASE)}
end
redis.call('ZADD', READY, whole(position), place)
redis.call('ZADD', SEEN, whole(NOW), place)
if first then put('z', math.min(3.5, n('z') + .05 * (1 - alpha))) end
save()
return {'status', 'room-full', 'ahead', whole(ahead), 'mu', adm.mu or '0'}
