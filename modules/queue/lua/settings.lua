-- Takes over what staff changed. The opening moves only while it lies ahead and the draw is not sealed.
-- KEYS, ARGV 1 see common.lua; ARGV 2 cap 3 per_minute (0 none) 4 reason of the pause ("-" not paused, "+…" paused)
--   5 ended, ms (0 not), and if the event's own are to follow: 6 prequeue, ms 7 opens, ms 8 closes, ms (0 never)
--   9 max per buyer
-- Returns status ok, and the state · lost
if not open_line() then return {'status', 'lost'} end
seal()
put('cap', tonumber(ARGV[2]))
put('per_minute', tonumber(ARGV[3]))
put('paused', ARGV[4] == '-' and '' or ARGV[4])
put('ended', tonumber(ARGV[5]))
if not ARGV[6] then
  save()
  return state('ok')
end
put('prequeue', tonumber(ARGV[6]))
if NOW < n('opens') and (n('sealed') == 0 or n('draws') == 0) then
  put('opens', tonumber(ARGV[7]))
  seal()
end
put('closes', tonumber(ARGV[8]))
put('max', tonumber(ARGV[9]))
save()
return state('ok')
