-- begin closes the map and starts an epoch; holds stay, what is taken is compared with Postgres before open.
-- ARGV 3 the epoch as it was seen, with its "!" or ""  4 the new epoch  5 its first version
-- returns OK | EPOCH e (somebody was first)
local e = redis.call('GET', key('epoch')) or ''
if e ~= ARGV[3] then return { 'EPOCH', string.match(e, '^%d*') } end
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  .. ':' .. string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
redis.call('SET', key('epoch'), ARGV[4] .. '!')
redis.call('SET', key('ver'), ARGV[5])
redis.call('SET', key('run'), run)
redis.call('DEL', key('log')) -- versions of the epoch before lead nowhere
return { 'OK' }
