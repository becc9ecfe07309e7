-- Writes a limit that was read elsewhere, unless there is a later one.
--
-- KEYS[1] the limit. ARGV: its theoretical arrival time in microseconds, and when Redis may forget it.
local stored = tonumber(redis.call('GET', KEYS[1]) or '0')
if not stored or stored < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
end
return 1
