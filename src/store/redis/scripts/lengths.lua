-- Tells how many fields each of many hashes has, those that have none left out.
--
-- KEYS: 1 meta; then the hashes
-- ARGV: 1 epoch
-- Gives: 'OK', which of them and how many, by turns
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
local told = {}
for n = 2, #KEYS do
  local length = redis.call('HLEN', KEYS[n])
  if length > 0 then
    told[#told + 1] = n - 2
    told[#told + 1] = length
  end
end
return {'OK', told}
