-- unlock notes which locked categories a place may hold seats of, and by which code.
-- ARGV 3 place  4 ms it lasts  5 the code  6… categories
-- returns OK | NOTADMITTED | EPOCH e | CLOSED
local no = refused(false)
if no then return no end
awake()
if not admitted(ARGV[3]) then return { 'NOTADMITTED' } end
local mine = key('u:' .. ARGV[3])
for i = 6, #ARGV do redis.call('HSET', mine, ARGV[i], ARGV[5]) end
redis.call('PEXPIRE', mine, ARGV[4])
return { 'OK' }
