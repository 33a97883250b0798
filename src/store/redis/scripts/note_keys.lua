-- Notes the marks of keys that may make something from now on.
--
-- KEYS: 1 meta, 2 marks
-- ARGV: 1 epoch; then name and mark of each
-- Gives: 'OK', name and mark of each that is noted
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
for n = 2, #ARGV, 2 do redis.call('HSETNX', KEYS[2], ARGV[n], ARGV[n + 1]) end
touch(KEYS[1])
return {'OK', redis.call('HGETALL', KEYS[2])}
