--- The size of pictures, which convolutions do not determine.
local core = require "neap.core"
local rule = require "neap.rule"

local size = {}

size.COUNT = rule.whole(1, 16384)

--- Rows and columns: the settings rows, columns and size, else `side`, else sample_size of config.json.
function size.of(source, given, side)
  side = given.size or side or math.tointeger(source.config.sample_size)
  local rows, columns = given.rows or side, given.columns or side
  if not rows or not columns then
    core.fail_usage(("import: %s: nothing says the size of pictures; give size=N, or rows=N columns=N"):format(source.path))
  end
  return rows, columns
end

return size
