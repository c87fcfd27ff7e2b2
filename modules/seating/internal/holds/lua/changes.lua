-- changes reads the log after a version.
-- ARGV 3 the first version wanted  4 most entries
-- returns OK, entries as XRANGE gives them | EPOCH e | CLOSED
local no = refused(false)
if no then return no end
return { 'OK', redis.call('XRANGE', key('log'), ARGV[3], '+', 'COUNT', ARGV[4]) }
