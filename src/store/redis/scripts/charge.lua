-- Charges windows outside any account, then reads others.
--
-- KEYS: 1 meta; then the windows to charge; then those to read
-- ARGV: 1 epoch, 2 now, 3 attempt, 4 how many charges, 5 seconds that `now` may be ahead of the server's clock ('' for
--       any); then subject, cap, milliseconds of each
-- Gives: 'OK', the windows
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
local told, charges, counted = {}, tonumber(ARGV[4]), 0
local wrong = charges > 0 and wrong_clock(ARGV[2], ARGV[5])
if wrong then return {wrong} end
for n = 1, charges do
  local arg = 3 * n + 3
  local now
  told[n], now = charge(KEYS[1 + n], ARGV[2], ARGV[3], ARGV[arg], tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2]))
  counted = counted + now
end
if charges > 0 and counted == 0 then touch(KEYS[1]) end
if charges + 1 < #KEYS then
  local read = redis.call('MGET', unpack(KEYS, charges + 2))
  for n = 1, #KEYS - charges - 1 do told[charges + n] = read[n] end
end
return {'OK', told}
