-- snapshot reads the whole map at one version.
-- ARGV 3 "1" = also while it is closed
-- returns OK, version, {seat, deadline ms, …} held, {seat, claim:status:place, …} taken | EPOCH e | CLOSED
local no = refused(ARGV[3] == '1')
if no then return no end
return { 'OK', redis.call('GET', key('ver')), redis.call('ZRANGE', key('x'), 0, -1, 'WITHSCORES'), redis.call('HGETALL', key('taken')) }
