-- Gives a challenge its serial number, and tells how many were asked for in this second or the one before.
-- KEYS 1 the beginning of the names; all have the event's hash tag
-- ARGV 1 now in ms, or "" for this server's clock; 2 length of a window, ms
-- Returns the window, the serial number in it, and how many a second
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local width = tonumber(ARGV[2])
local window, second = math.floor(now / width), math.floor(now / 1000)
local function count(name, life)
  local n = redis.call('INCR', KEYS[1] .. name)
  if n == 1 then redis.call('PEXPIRE', KEYS[1] .. name, life) end
  return n
end
local serial = count('n' .. string.format('%.0f', window), 2 * width)
local this = count('s' .. string.format('%.0f', second), 3000)
local before = tonumber(redis.call('GET', KEYS[1] .. 's' .. string.format('%.0f', second - 1)) or '0')
return {window, serial, math.max(this, before)}
