--- Bytes as base64 (RFC 4648), for pictures inside a page or a terminal's output.
local base64 = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local GROUPS = 256 -- of three bytes, that are read at once

-- The two letters of 12 bits.
local PAIRS = {}
for bits = 0, 4095 do
  local high, low = bits >> 6, bits & 63
  PAIRS[bits] = ALPHABET:sub(high + 1, high + 1) .. ALPHABET:sub(low + 1, low + 1)
end

local function add_groups(out, ...)
  local bytes = { ... }
  for i = 1, #bytes, 3 do
    local bits = bytes[i] << 16 | bytes[i + 1] << 8 | bytes[i + 2]
    out[#out + 1] = PAIRS[bits >> 12]
    out[#out + 1] = PAIRS[bits & 4095]
  end
end

--- base64.encode("ab") -> "YWI="
function base64.encode(bytes)
  local out, rest = {}, #bytes % 3
  local padded = rest > 0 and bytes .. ("\0"):rep(3 - rest) or bytes
  for first = 1, #padded, 3 * GROUPS do
    add_groups(out, padded:byte(first, first + 3 * GROUPS - 1))
  end
  local text = table.concat(out)
  return rest > 0 and text:sub(1, rest - 4) .. ("="):rep(3 - rest) or text
end

return base64
