-- Reads an account's rows and its partition's windows, and charges the request's attempts first.
--
-- KEYS: 1 meta, 2 the request's key here, 3 the account; then its permits; then the windows to charge; then those to read
-- ARGV: 1 epoch, 2 least position, 3 the request's token and digest ('' without one), 4 milliseconds to keep its key,
--       5 now, 6 seconds that `now` may be ahead of the server's clock ('' for any), 7 how many fields, 8 permits,
--       9 charges, 10 windows; then the fields; then subject, cap, milliseconds of each charge
-- Gives: 'OK', the record that answered ('' if none), rows, windows, whether each charge counted now, what it pushed out
local meta = redis.call('HMGET', KEYS[1], 'e', 's')
if meta[1] ~= ARGV[1] then return {'LIFE'} end
if tonumber(ARGV[2]) > tonumber(meta[2] or 0) then return {'POSITION'} end
local fields, permits, charges, windows = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local request, answered = ARGV[3], ''
if request ~= '' then
  local digest, known = string.sub(request, 17), redis.call('GET', KEYS[2])
  if known then
    if string.sub(known, 1, 32) ~= digest then return {'TAKEN'} end
    answered = string.sub(known, 33)
  end
  if charges > 0 and answered == '' then
    local wrong = wrong_clock(ARGV[5], ARGV[6])
    if wrong then return {wrong} end
    if not known then redis.call('SET', KEYS[2], digest, 'PX', ARGV[4]) end
  end
end
local rows = {}
if fields > 0 then rows = redis.call('HMGET', KEYS[3], unpack(ARGV, 11, 10 + fields)) end
for n = 1, permits do rows[fields + n] = redis.call('GET', KEYS[3 + n]) end
local told, counted, gone = {}, {}, {}
local attempt, arg, any = string.sub(request, 1, 16), 11 + fields, 0
for n = 1, charges do
  local key = KEYS[3 + permits + n]
  if answered ~= '' then
    told[n], counted[n], gone[n] = redis.call('GET', key), 0, ''
  else
    told[n], counted[n], gone[n] =
      charge(key, ARGV[5], attempt, ARGV[arg], tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2]))
  end
  any = any + counted[n]
  arg = arg + 3
end
if charges > 0 and any == 0 then touch(KEYS[1]) end
if windows > 0 then
  local read = redis.call('MGET', unpack(KEYS, 4 + permits + charges))
  for n = 1, windows do told[charges + n] = read[n] end
end
return {'OK', answered, rows, told, counted, gone}
