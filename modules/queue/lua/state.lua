-- Tells how a line stands, changing nothing but the seal that its time brings.
-- KEYS, ARGV 1 see common.lua
-- Returns status ok · lost (nothing here) · stale (here, but from before the server's last start), and the line's state;
--   rest, the word it was put to rest with; lanes, and what each has given out
local status = 'ok'
if open_line() then
  seal()
  save()
else
  status = adm.run and 'stale' or 'lost'
end
local answer = state(status)
local function tell(name, value)
  answer[#answer + 1] = name
  answer[#answer + 1] = value
end
tell('rest', adm.rest or '')
tell('lanes', whole(n('lanes')))
for lane = 1, n('lanes') do tell('draw' .. lane, whole(n('draw' .. lane))) end
return answer
