-- Takes the oldest records out of the journal, and says how far.
--
-- KEYS: 1 meta, 2 journal; then the records to go
-- ARGV: 1 epoch, 2 the first place that stays, 3 the place of the last to go, 4 the newest of their instants, 5 manifest
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
local known = redis.call('HMGET', KEYS[1], 'a', 'at')
if known[1] and tonumber(known[1]) >= tonumber(ARGV[3]) then
  touch(KEYS[1])
  return {'OK'}
end
local at = ARGV[4]
if known[2] and later(known[2], at) then at = known[2] end
redis.call('HSET', KEYS[1], 'a', ARGV[3], 'at', at, 'am', ARGV[5])
for n = 3, #KEYS do redis.call('DEL', KEYS[n]) end
redis.call('XTRIM', KEYS[2], 'MINID', ARGV[2] .. '-0')
return {'OK'}
