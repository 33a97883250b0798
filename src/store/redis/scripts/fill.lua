-- Puts what another store kept. What is there already keeps its place, so a batch that is put again changes nothing.
--
-- KEYS: 1 meta; then of each thing the keys that its kind has
-- ARGV: 1 epoch; then of each thing its kind and what that has:
--       'a' field, value, account    a row: the account, its bucket
--       'p' id, value                a permit: its own, the permits' stream
--       'r' id, value, place         a record: its own, the journal
--       't' value, milliseconds      what is kept for a time: its own
--       'n' field, value             a name: its bucket
--       'd' entry                    a due entry: the queue
--       'm' field, value             of the partition itself: none
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
local key, arg = 2, 2
while arg <= #ARGV do
  local kind = ARGV[arg]
  if kind == 'a' then
    redis.call('HSET', KEYS[key], ARGV[arg + 1], ARGV[arg + 2])
    redis.call('ZADD', KEYS[key + 1], 0, ARGV[arg + 3])
    key, arg = key + 2, arg + 4
  elseif kind == 'p' then
    if redis.call('EXISTS', KEYS[key]) == 0 then
      redis.call('XADD', KEYS[key + 1], redis.call('HINCRBY', KEYS[1], 'g', 1) .. '-0', 'i', ARGV[arg + 1])
    end
    redis.call('SET', KEYS[key], ARGV[arg + 2])
    key, arg = key + 2, arg + 3
  elseif kind == 'r' then
    if redis.call('EXISTS', KEYS[key]) == 0 then
      redis.call('SET', KEYS[key], ARGV[arg + 2])
      redis.call('XADD', KEYS[key + 1], ARGV[arg + 3] .. '-0', 'i', ARGV[arg + 1])
      redis.call('HSET', KEYS[1], 'r', ARGV[arg + 3])
    end
    key, arg = key + 2, arg + 4
  elseif kind == 't' then
    redis.call('SET', KEYS[key], ARGV[arg + 1], 'PX', ARGV[arg + 2])
    key, arg = key + 1, arg + 3
  elseif kind == 'n' then
    redis.call('HSET', KEYS[key], ARGV[arg + 1], ARGV[arg + 2])
    key, arg = key + 1, arg + 3
  elseif kind == 'd' then
    redis.call('ZADD', KEYS[key], 0, ARGV[arg + 1])
    key, arg = key + 1, arg + 2
  else
    redis.call('HSET', KEYS[1], ARGV[arg + 1], ARGV[arg + 2])
    arg = arg + 3
  end
end
touch(KEYS[1])
return {'OK'}
