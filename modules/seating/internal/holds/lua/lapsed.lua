-- lapsed gives those of the places whose admission has ended.
-- ARGV 3… places
-- returns OK place…
awake()
local out = { 'OK' }
for i = 3, #ARGV do
  if not admitted(ARGV[i]) then table.insert(out, ARGV[i]) end
end
return out
