-- Tells how one place stands in its line.
-- KEYS, ARGV 1 see common.lua; ARGV 2 the place
-- Returns status ok, the line's state, and lease (deadline in ms of a live admission, else 0), taken (its seats in
--   checkout or bought), busy (1: it holds or pays), estimate (JSON, "" for none yet; see estimate.lua) · lost
if not open_line() then return {'status', 'lost'} end
seal()
save()
local answer = state('ok')
local deadline = lease(ARGV[2])
answer[#answer + 1] = 'lease'
answer[#answer + 1] = whole(deadline > NOW and deadline or 0)
answer[#answer + 1] = 'taken'
answer[#answer + 1] = whole(redis.call('SCARD', TAKEN .. ARGV[2]))
answer[#answer + 1] = 'busy'
answer[#answer + 1] = busy(ARGV[2]) and '1' or '0'
answer[#answer + 1] = 'estimate'
answer[#answer + 1] = redis.call('HGET', EST, 'view') or ''
return answer
