-- open ends a rebuild: holds are taken again, watchers read the whole map anew.
-- returns OK | EPOCH e
local e = redis.call('GET', key('epoch')) or ''
if e ~= ARGV[1] .. '!' then return { 'EPOCH', string.match(e, '^%d*') } end
redis.call('SET', key('epoch'), ARGV[1])
redis.call('SPUBLISH', key('ch'), 'v')
return { 'OK' }
