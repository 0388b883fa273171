-- Writes a job's view unless Redis already has this event or a newer one: a late or repeated
-- write changes nothing. KEYS[1] job:{id}
-- ARGV: 1 sequence, 2 endpoint, 3 status document (JSON), 4 when it expires (Unix ms)
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' and kind ~= 'none' then
  -- Somebody else wrote here; the log knows better.
  redis.call('DEL', KEYS[1])
end
local stored = tonumber(redis.call('HGET', KEYS[1], 'sequence') or '')
if stored and stored >= tonumber(ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], 'sequence', ARGV[1], 'endpoint', ARGV[2], 'document', ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])
return 1
