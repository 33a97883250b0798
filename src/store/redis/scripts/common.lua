-- What every step begins with: the store's life, and how instants and windows are read.
--
-- Instants are 12 bytes: seconds since 1970 with the sign bit turned, then nanoseconds, big end first. They are compared as
-- numbers: strings are compared by the server's locale.

-- Whether this is still the store that the engine opened.
local function other_life(meta, epoch)
  return redis.call('HGET', meta, 'e') ~= epoch
end

-- Writes something. WAIT is promised to cover what was written on its connection, and so all that stood there before: a step
-- that finds its work done writes this. Whoever did the work may not have been told so. (7.0 covers what stood there before
-- any command; that is promised nowhere.)
local function touch(meta)
  redis.call('HINCRBY', meta, 'w', 1)
end

local function later(one, other)
  local a, b, c = struct.unpack('>I4I4I4', one)
  local x, y, z = struct.unpack('>I4I4I4', other)
  if a ~= x then return a > x end
  if b ~= y then return b > y end
  return c > z
end

-- A window is a run of events: instant (12), subject (16), attempt (16).
local EVENT, ATTEMPT = 44, 29

-- Where the attempt's event begins; nil if it has none.
local function find_attempt(window, attempt)
  local from = 1
  while true do
    local found = string.find(window, attempt, from, true)
    if not found then return nil end
    if found % EVENT == ATTEMPT then return found - ATTEMPT + 1 end
    from = found + 1
  end
end

local function without(window, first)
  return string.sub(window, 1, first - 1) .. string.sub(window, first + EVENT)
end

-- Whether the event at one place is older than that at another; at one instant the attempts decide.
local function older(window, one, other)
  local a, b = string.sub(window, one, one + 11), string.sub(window, other, other + 11)
  if a ~= b then return later(b, a) end
  for byte = ATTEMPT - 1, EVENT - 1 do
    local x, y = string.byte(window, one + byte), string.byte(window, other + byte)
    if x ~= y then return x < y end
  end
  return false
end

-- The window without its oldest events beyond the cap, and those.
local function newest(window, cap)
  local gone = {}
  while #window > cap * EVENT do
    local oldest = 1
    for at = 1 + EVENT, #window, EVENT do
      if older(window, at, oldest) then oldest = at end
    end
    gone[#gone + 1] = string.sub(window, oldest, oldest + EVENT - 1)
    window = without(window, oldest)
  end
  return window, table.concat(gone)
end

-- Keeps a window for as long as any of its charges said: in milliseconds from now by the server's own clock.
local function keep(key, window, kept)
  if #window == 0 then
    redis.call('DEL', key)
    return
  end
  local left = redis.call('PTTL', key)
  redis.call('SET', key, window, 'PX', math.max(left, kept, 1))
end

-- Counts an attempt. The window after it, whether it counted now, and what it pushed out.
local function charge(key, at, attempt, subject, cap, kept)
  local window = redis.call('GET', key) or ''
  if find_attempt(window, attempt) then return window, 0, '' end
  local after, gone = newest(window .. at .. subject .. attempt, cap)
  if not find_attempt(after, attempt) then return window, 0, '' end
  keep(key, after, kept)
  return after, 1, gone
end

-- Takes an attempt's charge back.
local function settle(key, attempt)
  local window = redis.call('GET', key)
  if not window then return end
  local first = find_attempt(window, attempt)
  if first then keep(key, without(window, first), 0) end
end
