-- Begins a store that is filled from another one, where there is none. While it has `c` no engine begins on it.
--
-- KEYS: 1 meta of the first partition
-- ARGV: 1 epoch, should it have to be begun, 2 layout, 3 what it is filled from
-- Gives: 'OK', its epoch; 'OTHER' if it is filled from something else, 'OCCUPIED' if there is a store
local known = redis.call('HMGET', KEYS[1], 'e', 'c')
if known[1] then
  if not known[2] then return {'OCCUPIED'} end
  if known[2] ~= ARGV[3] then return {'OTHER'} end
  touch(KEYS[1])
  return {'OK', known[1]}
end
redis.call('HSET', KEYS[1], 'e', ARGV[1], 'v', ARGV[2], 'c', ARGV[3])
return {'OK', ARGV[1]}
