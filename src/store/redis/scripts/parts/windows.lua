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

-- Puts a window in the place of the one that was kept there; what is empty is kept no longer.
local function put(key, window)
  if #window == 0 then redis.call('DEL', key) else redis.call('SET', key, window, 'KEEPTTL') end
end

-- Takes an attempt's charge back.
local function settle(key, attempt)
  local window = redis.call('GET', key)
  if not window then return end
  local first = find_attempt(window, attempt)
  if first then put(key, without(window, first)) end
end
