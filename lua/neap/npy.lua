--- NumPy files.
local core = require "neap.core"
local output = require "neap.output"

local npy = { load = core.npy_load }

--- Writes a tensor to a path that ends in .npy.
function npy.save(path, x)
  output.ending("npy.save", path, { "npy" })
  core.npy_save(path, x)
end

return npy
