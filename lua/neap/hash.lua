--- Hashes of files, by core.hash: FNV-1a with 64 bits as 16 hexadecimal digits. They tell files apart, and do not protect against
-- forgery.
local core = require "neap.core"

local hash = {}

--- The hash of a file's bytes; nil if it cannot be read.
function hash.file(path)
  local file <close> = io.open(path, "rb")
  local bytes = file and file:read "a"
  return bytes and core.hash(bytes)
end

return hash
