-- Instants are 12 bytes: seconds since 1970 with the sign bit turned, then nanoseconds, big end first. They are compared as
-- numbers: strings are compared by the server's locale.

local function later(one, other)
  local a, b, c = struct.unpack('>I4I4I4', one)
  local x, y, z = struct.unpack('>I4I4I4', other)
  if a ~= x then return a > x end
  if b ~= y then return b > y end
  return c > z
end
