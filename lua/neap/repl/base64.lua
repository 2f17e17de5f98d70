--- Base64 (RFC 4648).
local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- Two letters for each value of 12 bits.
local PAIRS = {}
for i = 0, 4095 do
  PAIRS[i] = LETTERS:sub(i // 64 + 1, i // 64 + 1) .. LETTERS:sub(i % 64 + 1, i % 64 + 1)
end

return function(bytes)
  local parts, padding = {}, -#bytes % 3
  bytes = bytes .. ("\0"):rep(padding)
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local group = a << 16 | b << 8 | c
    parts[#parts + 1] = PAIRS[group >> 12]
    parts[#parts + 1] = PAIRS[group & 4095]
  end
  local text = table.concat(parts)
  return text:sub(1, #text - padding) .. ("="):rep(padding)
end
