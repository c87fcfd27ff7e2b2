-- Slides live admissions: 180 s from now, at most 30 min from their beginning, never back.
-- KEYS, ARGV 1 see common.lua; ARGV 2… the places
-- Returns status ok
for i = 2, #ARGV do
  local deadline, owed = lease(ARGV[i])
  if deadline > NOW then slide(ARGV[i], deadline, owed) end
end
return {'status', 'ok'}
