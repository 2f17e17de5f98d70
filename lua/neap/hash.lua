--- FNV-1a with 64 bits (Fowler, Noll, Vo), as in core/base/hash.h. It tells files apart; it is no protection against forgery.
local hash = {}

local START, PRIME, BLOCK = 0xcbf29ce484222325, 0x100000001b3, 1 << 16

local function continued(before, text)
  for i = 1, #text do
    before = (before ~ text:byte(i)) * PRIME
  end
  return before
end

--- The hash of a text as 16 hexadecimal digits.
function hash.text(text)
  return ("%016x"):format(continued(START, text))
end

--- The hash of a file's bytes; nil if it cannot be read.
function hash.file(path)
  local file <close> = io.open(path, "rb")
  local value, block = START, file and file:read(BLOCK)
  while block do
    value = continued(value, block)
    block = file:read(BLOCK)
  end
  return file and ("%016x"):format(value)
end

return hash
