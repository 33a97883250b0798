-- Takes charges outside any account back.
--
-- KEYS: 1 meta; then the windows
-- ARGV: 1 epoch; then the attempt of each
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
for n = 2, #KEYS do settle(KEYS[n], ARGV[n]) end
return {'OK'}
