-- expire frees the seats whose holds ran out. The sweep and the bell both call it; whoever comes first tells.
-- ARGV 3 most seats a pass
-- returns OK seats freed | EPOCH e | CLOSED
local no = refused(false)
if no then return no end
awake()
if ARGV[2] == '' then redis.call('SET', key('hb'), int(now)) end
local due = redis.call('ZRANGEBYSCORE', key('x'), '-inf', int(now), 'LIMIT', 0, ARGV[3])
for _, seat in ipairs(due) do lapse(seat) end
ring()
tell()
return { 'OK', int(#due) }
