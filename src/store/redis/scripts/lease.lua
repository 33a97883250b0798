-- Takes or renews a lease.
--
-- KEYS: 1 meta, 2 the lease
-- ARGV: 1 epoch, 2 holder, 3 now, 4 until
-- Gives: 'OK', the fencing number; 'HELD' while somebody else has it
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
local lease = redis.call('HMGET', KEYS[2], 'h', 'u', 'f')
local fence = tonumber(lease[3] or 0)
if lease[1] ~= ARGV[2] then
  if lease[2] and later(lease[2], ARGV[3]) then return {'HELD'} end
  fence = fence + 1
end
redis.call('HSET', KEYS[2], 'h', ARGV[2], 'u', ARGV[4], 'f', fence)
return {'OK', fence}
