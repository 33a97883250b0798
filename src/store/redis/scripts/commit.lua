-- Writes an account's rows, appends its records, claims the request's key, settles its charges: all of it or nothing.
-- Everything is checked before the first write, and no write after it can be refused.
--
-- KEYS: 1 meta, 2 the request's key here, 3 the account, 4 the account's bucket, 5 due queue, 6 journal, 7 permits;
--       then the permits written; then the records; then the windows to settle
-- ARGV: 1 epoch, 2 now, 3 the latest instant that `now` may follow, 4 seconds that `now` may be ahead of the server's clock
--       ('' for any), 5 ring's channel, 6 partition, 7 account, 8 the request's token, digest and record ('' without),
--       9 milliseconds to keep it, 10 how many fields, 11 permits, 12 records, 13 windows, 14 due, 15 done;
--       then of each field: name, version expected ('' for none), new value ('' to check alone);
--       then of each permit: its id, version expected, new value; of each record: its id, value; then due; then done
-- Gives: 'OK', position
local meta = redis.call('HMGET', KEYS[1], 'e', 's', 't', 'r', 'g')
if meta[1] ~= ARGV[1] then return {'LIFE'} end
local request = ARGV[8]
if request ~= '' then
  local known = redis.call('GET', KEYS[2])
  if known then
    if string.sub(known, 1, 32) ~= string.sub(request, 17, 48) then return {'TAKEN'} end
    if #known > 32 then
      touch(KEYS[1])
      return {'ANSWERED', string.sub(known, 33)}
    end
  end
end
local now, highest = ARGV[2], meta[3]
if highest and later(highest, ARGV[3]) then return {'BEHIND'} end
local wrong = wrong_clock(now, ARGV[4])
if wrong then return {wrong} end
local fields, permits, records = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local windows, due, done = tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])
local first_permit = 16 + 3 * fields
local first_record = first_permit + 3 * permits
local first_due = first_record + 2 * records
local is_new = true
if fields > 0 then
  local names = {}
  for n = 1, fields do names[n] = ARGV[13 + 3 * n] end
  local known = redis.call('HMGET', KEYS[3], unpack(names))
  for n = 1, fields do
    if known[n] then is_new = false end
    if string.sub(known[n] or '', 1, 8) ~= ARGV[14 + 3 * n] then return {'CONFLICT'} end
  end
end
for n = 1, permits do
  local known = redis.call('GETRANGE', KEYS[7 + n], 0, 23)
  if known ~= '' and string.sub(known, 9) ~= ARGV[7] then return {'FOREIGN'} end
  if string.sub(known, 1, 8) ~= ARGV[first_permit + 3 * n - 2] then return {'CONFLICT'} end
end
for n = 1, records do
  if redis.call('EXISTS', KEYS[7 + permits + n]) == 1 then return {'TWICE'} end
end
-- What comes next must come behind all that stands in a stream: there a write would be refused.
for key, top in pairs({[KEYS[6]] = meta[4] or 0, [KEYS[7]] = meta[5] or 0}) do
  local last = (key == KEYS[6] and records or permits) > 0 and redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  if last and tonumber(string.match(last[1], '^%d+')) > tonumber(top) then return {'DAMAGED'} end
end

is_new = is_new and redis.call('EXISTS', KEYS[3]) == 0
local position, record, permit = tonumber(meta[2] or 0) + 1, tonumber(meta[4] or 0), tonumber(meta[5] or 0)
local wrote, rows = false, {}
for n = 1, fields do
  local value = ARGV[15 + 3 * n]
  if value ~= '' then
    rows[#rows + 1] = ARGV[13 + 3 * n]
    rows[#rows + 1] = value
  end
end
if #rows > 0 then
  redis.call('HSET', KEYS[3], unpack(rows))
  wrote = true
end
for n = 1, permits do
  local arg = first_permit + 3 * n - 3
  if ARGV[arg + 2] ~= '' then
    redis.call('SET', KEYS[7 + n], ARGV[arg + 2])
    wrote = true
    if ARGV[arg + 1] == '' then
      permit = permit + 1
      redis.call('XADD', KEYS[7], permit .. '-0', 'i', ARGV[arg])
    end
  end
end
if wrote and is_new then redis.call('ZADD', KEYS[4], 0, ARGV[7]) end
for n = 1, records do
  local arg = first_record + 2 * n - 2
  redis.call('SET', KEYS[7 + permits + n], ARGV[arg + 1])
  record = record + 1
  redis.call('XADD', KEYS[6], record .. '-0', 'i', ARGV[arg])
end
local counts = {'s', position}
if not highest or later(now, highest) then
  counts[#counts + 1] = 't'
  counts[#counts + 1] = now
end
if records > 0 then
  counts[#counts + 1] = 'r'
  counts[#counts + 1] = record
end
if permit > tonumber(meta[5] or 0) then
  counts[#counts + 1] = 'g'
  counts[#counts + 1] = permit
end
redis.call('HSET', KEYS[1], unpack(counts))
if request ~= '' then
  redis.call('SET', KEYS[2], string.sub(request, 17), 'PX', ARGV[9])
  for n = 1, windows do settle(KEYS[7 + permits + records + n], string.sub(request, 1, 16)) end
end
for n = 1, done do redis.call('ZREM', KEYS[5], ARGV[first_due + due + n - 1]) end
for n = 1, due do redis.call('ZADD', KEYS[5], 0, ARGV[first_due + n - 1]) end
redis.call('PUBLISH', ARGV[5], ARGV[6])
return {'OK', position}
