-- Reads of one key what a command reads, and writes something behind it: once that is proven, so is what was read.
--
-- KEYS: 1 meta, 2 what is read
-- ARGV: 1 epoch, 2 the command's name; then what it is given behind the key
-- Gives: 'OK', what the command gives
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
local told = redis.call(ARGV[2], KEYS[2], unpack(ARGV, 3))
touch(KEYS[1])
return {'OK', told}
