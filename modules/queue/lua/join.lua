-- Gives out the next places: in the draw before the opening, behind it from then on. Whoever comes first after the
-- opening seals the draw.
-- KEYS, ARGV 1 see common.lua; ARGV 2 how many wait for one, 3 the lane (0 none)
-- Returns status ok (cohort, index of the first, count: at most as many as wait, now, sealed, drawn) · not-yet (prequeue) · ended · lost
--   · no-lane: the line has lanes, and this is none of them · ceiling (cohort, used, reserve): no index is left that Postgres knows of; raise it and ask again
if not open_line() then return {'status', 'lost'} end
seal()
if ended() then
  save()
  return {'status', 'ended'}
end
if NOW < n('prequeue') then return {'status', 'not-yet', 'prequeue', whole(n('prequeue'))} end

-- Joins of this second and of the one before: what the next reserve is measured by.
local second = math.floor(NOW / 1000)
if n('join_s') ~= second then
  put('join_before', n('join_s') == second - 1 and n('join_n') or 0)
  put('join_n', 0)
  put('join_s', second)
end

-- What tells lanes apart is for nothing where there are none.
local lane, cohort = n('lanes') > 0 and tonumber(ARGV[3]) or 0, 'draw'
if lane > n('lanes') then
  save()
  return {'status', 'no-lane'}
end
if n('sealed') == 1 then cohort = 'tail' elseif lane > 0 then cohort = 'draw' .. whole(lane) end
local index = n(cohort)
if index >= n(cohort .. '_ceiling') then
  save()
  local last = math.max(n('join_n'), n('join_before'))
  return {'status', 'ceiling', 'cohort', cohort, 'used', whole(index), 'reserve', whole(math.max(64, 2 * last))}
end
local count = math.min(tonumber(ARGV[2]), n(cohort .. '_ceiling') - index)
put(cohort, index + count)
put('join_n', n('join_n') + count)
save()
return {'status', 'ok', 'cohort', cohort, 'index', whole(index), 'count', whole(count), 'now', whole(NOW),
  'sealed', whole(n('sealed')), 'drawn', whole(n('drawn'))}
