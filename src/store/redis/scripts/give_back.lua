-- Takes back what a request charged whose key turned out to be another's: all is as if it had never come.
--
-- KEYS: 1 meta, 2 the request's key here; then the windows
-- ARGV: 1 epoch, 2 the request's token and digest; then what each charge had pushed out, cap, milliseconds
if other_life(KEYS[1], ARGV[1]) then return {'LIFE'} end
if redis.call('GET', KEYS[2]) == string.sub(ARGV[2], 17) then redis.call('DEL', KEYS[2]) end
local attempt = string.sub(ARGV[2], 1, 16)
for n = 3, #KEYS do
  local arg = 3 * n - 6
  local window = redis.call('GET', KEYS[n])
  local first = window and find_attempt(window, attempt)
  if first then
    local before = newest(without(window, first) .. ARGV[arg], tonumber(ARGV[arg + 1]))
    keep(KEYS[n], before, tonumber(ARGV[arg + 2]), false)
  end
end
return {'OK'}
