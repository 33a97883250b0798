-- Puts sealed bodies in the place of what they were made of; whatever stands before a body stays.
--
-- KEYS: 1 meta; then of each body the account, permit or record it stands in
-- ARGV: 1 epoch; then of each body: the account's field ('' elsewhere), how many bytes stand before it, old, new
-- Gives: 'OK', how many
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
local put = 0
for n = 2, #KEYS do
  local arg = 4 * n - 6
  local field, before = ARGV[arg], tonumber(ARGV[arg + 1])
  local known
  if field == '' then known = redis.call('GET', KEYS[n]) else known = redis.call('HGET', KEYS[n], field) end
  if known and string.sub(known, before + 1) == ARGV[arg + 2] then
    local value = string.sub(known, 1, before) .. ARGV[arg + 3]
    if field == '' then redis.call('SET', KEYS[n], value) else redis.call('HSET', KEYS[n], field, value) end
    put = put + 1
  end
end
if put == 0 then touch(KEYS[1]) end
return {'OK', put}
