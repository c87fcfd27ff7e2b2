-- Tells how a line stands, changing nothing but the seal that its time brings.
-- KEYS, ARGV 1 see common.lua
-- Returns status ok · lost (nothing here) · stale (here, but from before the server's last start), and the line's state;
--   rest, the word it was put to rest with
if not open_line() then
  local answer = state(adm.run and 'stale' or 'lost')
  answer[#answer + 1] = 'rest'
  answer[#answer + 1] = adm.rest or ''
  return answer
end
seal()
save()
return state('ok')
