-- Writes or deletes one entry if its version is as expected.
--
-- KEYS[1] the entry. ARGV: the expected version ('' = no entry); for a deletion nothing more, or else version, value,
-- expires_at_ms, when Redis may forget it ('' = never), subject and client ('' = none).
--
-- Redis refuses a script at its first write (no memory, read-only, too few replicas) or not at all, so the write that
-- needs memory comes first: what is refused has changed nothing.
local key = KEYS[1]
if (redis.call('HGET', key, 'v') or '') ~= ARGV[1] then
  return redis.call('HMGET', key, 'v', 'd', 'e', 's', 'c')
end
if #ARGV == 1 then
  redis.call('DEL', key)
  return 1
end
local fields = {'v', ARGV[2], 'd', ARGV[3], 'e', ARGV[4]}
local stale = {}
for field, value in pairs({s = ARGV[6], c = ARGV[7]}) do
  if value == '' then
    stale[#stale + 1] = field
  else
    fields[#fields + 1] = field
    fields[#fields + 1] = value
  end
end
redis.call('HSET', key, unpack(fields))
if #stale > 0 then
  redis.call('HDEL', key, unpack(stale))
end
if ARGV[5] == '' then
  redis.call('PERSIST', key)
else
  redis.call('PEXPIREAT', key, ARGV[5])
end
return 1
