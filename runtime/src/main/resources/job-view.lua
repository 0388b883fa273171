-- Writes a job's view unless Redis already has this event or a newer one: a late or repeated
-- write changes nothing. KEYS[1] job:{id}
-- ARGV: 1 sequence, 2 endpoint, 3 status document (JSON), 4 when it expires (Unix ms)
local stored = redis.call('HGET', KEYS[1], 'sequence')
if stored and tonumber(stored) >= tonumber(ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], 'sequence', ARGV[1], 'endpoint', ARGV[2], 'document', ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
return 1
