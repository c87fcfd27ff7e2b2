-- pulse says that somebody looks after the deadlines, and how the map is. Asks for no epoch.
-- returns OK, epoch with its "!" or "", version or "", this server's run, the run in which the epoch began or ""
awake()
if ARGV[2] == '' then redis.call('SET', key('hb'), int(now)) end
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  .. ':' .. string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
return { 'OK', redis.call('GET', key('epoch')) or '', redis.call('GET', key('ver')) or '', run,
  redis.call('GET', key('run')) or '' }
