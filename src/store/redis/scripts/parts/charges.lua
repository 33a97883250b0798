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
local function keep(key, window, kept, is_new)
  if #window == 0 then
    redis.call('DEL', key)
  elseif is_new then
    redis.call('SET', key, window, 'PX', kept)
  else
    redis.call('SET', key, window, 'KEEPTTL')
    redis.call('PEXPIRE', key, kept, 'GT')
  end
end

-- Counts an attempt. The window after it, whether it counted now, and what it pushed out.
local function charge(key, at, attempt, subject, cap, kept)
  local window, event = redis.call('GET', key), at .. subject .. attempt
  if not window then
    keep(key, event, kept, true)
    return event, 1, ''
  end
  if find_attempt(window, attempt) then return window, 0, '' end
  local after, gone = newest(window .. event, cap)
  if not find_attempt(after, attempt) then return window, 0, '' end
  if gone == '' then
    redis.call('APPEND', key, event)
    redis.call('PEXPIRE', key, kept, 'GT')
  else
    keep(key, after, kept, false)
  end
  return after, 1, gone
end
