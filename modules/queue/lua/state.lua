-- Tells how a line stands, changing nothing but the seal that its time brings.
-- KEYS, ARGV 1 see common.lua
-- Returns status ok · lost (nothing here) · stale (here, but from before the server's last start), and the line's state
if not open_line() then return state(adm.run and 'stale' or 'lost') end
seal()
save()
return state('ok')
