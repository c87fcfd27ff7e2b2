-- take writes claims that stand in Postgres: they override any hold, whose owner is told. A claim is only ever
-- replaced by a later one (ids rise, and Postgres has one live claim a seat), and checkout only by sold; so it may
-- come late, twice or out of order. Only a listed claim comes back below a later one: where that still stands here, the
-- comparison with Postgres mends it. Works while the map is closed.
-- ARGV 3 ms until which the place pays, "" = leave its admission alone  4… seat, claim, c|s|b, place ("" for a block)
-- returns OK version | EPOCH e
local no = refused(true)
if no then return no end
awake()
local state = { c = 4, s = 2, b = 3 }
local places = {}
for i = 4, #ARGV, 4 do
  local seat, claim, status, place = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local id, was, by = claim_of(seat)
  local same = id == claim
  if not id or tonumber(id) < tonumber(claim) or (same and was == 'c' and status == 's') then
    if id and not same and by ~= '' then
      redis.call('SREM', key('t:' .. by), seat)
      places[by] = true
    end
    local owner = drop(seat, true)
    if owner ~= place then loses(owner, seat) end
    -- The same hold goes on while its fan pays; what ends it otherwise is no doing of theirs.
    if status ~= 'c' or owner ~= place then forget(seat) end
    if status == 's' then bought(place) end
    redis.call('HSET', key('taken'), seat, claim .. ':' .. status .. ':' .. place)
    if place ~= '' then redis.call('SADD', key('t:' .. place), seat) end
    log(seat, state[status])
  end
  if place ~= '' then places[place] = true end
end
for place in pairs(places) do
  settle(place)
  -- From here the order's clock rules the admission: as long as it may pay, and a while after.
  if ARGV[3] ~= '' and redis.call('ZSCORE', KEYS[2], place) then
    raise(place, tonumber(ARGV[3]) + 180000)
    redis.call('HSET', KEYS[3], place, int(now))
  end
end
ring()
tell()
return { 'OK', redis.call('GET', key('ver')) }
