-- Seconds that an instant may be behind the server's clock: an engine whose clock stands must not be heard in a partition
-- where nobody committed of late, and nothing may be counted as older than it is.
local BEHIND_MAX = 30

-- What is wrong with an instant by the server's clock, if anything. `ahead` is how many seconds it may be ahead of it; '' where
-- time is moved by hand.
local function wrong_clock(at, ahead)
  if ahead == '' then return nil end
  local high, low = struct.unpack('>I4I4', at)
  local seconds, time = (high - 2147483648) * 4294967296 + low, tonumber(redis.call('TIME')[1])
  if seconds > time + tonumber(ahead) then return 'AHEAD' end
  if seconds + BEHIND_MAX < time then return 'BEHIND' end
  return nil
end

