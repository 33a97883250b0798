-- Reserves a request's key for an account, in the slot that the key's own token names: whoever asks with the same key for
-- another account is met here.
--
-- KEYS: 1 the partition's meta, 2 the reservation
-- ARGV: 1 epoch, 2 digest and account, 3 milliseconds to keep it
-- Gives: 'MADE', 'TAKEN', or 'ELSEWHERE' and the account that the same request was asked for before
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
local known = redis.call('GET', KEYS[2])
if known and known ~= ARGV[2] then
  if string.sub(known, 1, 32) ~= string.sub(ARGV[2], 1, 32) then return {'TAKEN'} end
  -- A store that was copied here may not have known the account: then it is whose asks first.
  if string.sub(known, 33) ~= string.rep('\0', 16) then return {'ELSEWHERE', string.sub(known, 33)} end
end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return {'MADE'}
