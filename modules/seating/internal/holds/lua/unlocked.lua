-- unlocked tells which locked categories a place has opened.
-- ARGV 3 place
-- returns OK, category, code, … | EPOCH e | CLOSED
local no = refused(false)
if no then return no end
local out = { 'OK' }
for _, word in ipairs(redis.call('HGETALL', key('u:' .. ARGV[3]))) do table.insert(out, word) end
return out
