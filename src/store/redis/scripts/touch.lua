-- Writes something: once it is proven, so is all that stood here before it.
--
-- KEYS: 1 meta
-- ARGV: 1 epoch
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
touch(KEYS[1])
return {'OK'}
