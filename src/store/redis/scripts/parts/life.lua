-- What every step begins with: the store's life.

-- Whether this is another store than the one that the engine opened.
local function other_life(meta, epoch)
  return redis.call('HGET', meta, 'e') ~= epoch
end

-- Writes something. WAIT is promised to cover what was written on its connection, and so all that stood there before: a step
-- that finds its work done writes this. Whoever did the work may not have been told so. (7.0 covers what stood there before
-- any command; that is promised nowhere.)
local function touch(meta)
  redis.call('HINCRBY', meta, 'w', 1)
end
