-- Takes or keeps the hold of whoever carries the store away or fills it. While somebody has it no engine begins.
--
-- KEYS: 1 meta of the first partition, 2 the hold
-- ARGV: 1 epoch, 2 holder, 3 milliseconds, 4 '1' to take it
-- Gives: 'OK'; 'HELD' while another one has it; 'LOST' if it was not kept in time
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[2] then return {'HELD'} end
if not holder and ARGV[4] ~= '1' then return {'LOST'} end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return {'OK'}
