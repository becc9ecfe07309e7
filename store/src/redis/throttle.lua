-- Admits or denies by GCRA, at the server's own time.
--
-- KEYS[1] the limit: its theoretical arrival time in microseconds. ARGV: cost and burst in microseconds, each at most
-- 2^51, so that every sum stays under 2^53 and a double holds it exactly. A denial writes nothing.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stored = redis.call('GET', KEYS[1]) or '0'
local tat = tonumber(stored)
if not tat then
  return false
end
local after = math.max(tat, now) + ARGV[1]
if after - now > tonumber(ARGV[2]) then
  return {0, stored}
end
local text = string.format('%.0f', after)
-- A time that has passed says nothing any more.
redis.call('SET', KEYS[1], text, 'PXAT', string.format('%.0f', math.ceil(after / 1000) + 1))
return {1, text}
