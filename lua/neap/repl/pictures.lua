--- Pictures in a terminal: the protocol that it knows, and a grid that fits into it.
local core = require "neap.core"
local image = require "neap.image"

local pictures = {}

local PROTOCOLS = { "kitty", "iterm2", "sixel", "blocks", "none" }
local ROWS, COLUMNS = 24, 80        -- of a terminal that does not say its size
local SIDE, ROW, SCREENS = 560, 8, 2 -- pixels of a grid; pictures in its row; heights of the terminal that blocks may take

-- --- The protocol ----------------------------------------------------------------------------------------------------------

local function has(name)
  return (os.getenv(name) or "") ~= ""
end

local function is(name, ...)
  for _, value in ipairs { ... } do
    if os.getenv(name) == value then
      return true
    end
  end
  return false
end

local function term(pattern)
  return (os.getenv "TERM" or ""):find(pattern) ~= nil
end

-- In order: the first that holds decides. A multiplexer passes no protocol on, whatever terminal it runs in.
local RULES = {
  { "none", function() return not has "TERM" or term "^dumb" end },
  { "blocks", function() return has "TMUX" or term "^screen" or term "^tmux" end },
  { "kitty", function() return has "KITTY_WINDOW_ID" or has "GHOSTTY_RESOURCES_DIR" or term "kitty" or term "ghostty" end },
  { "kitty", function() return has "KONSOLE_VERSION" end },
  { "iterm2", function() return has "ITERM_SESSION_ID" or is("LC_TERMINAL", "iTerm2") end },
  { "iterm2", function() return is("TERM_PROGRAM", "iTerm.app", "WezTerm") end },
  { "sixel", function() return term "sixel" or term "^foot" or term "^mlterm" or term "^contour" end },
  { "none", function() return has "NO_COLOR" end },
  { "blocks", function() return true end },
}

local function override()
  local own = os.getenv "NEAP_PICTURES"
  for _, name in ipairs(PROTOCOLS) do
    if own == name then
      return name
    end
  end
  if own and own ~= "" then
    core.fail(("NEAP_PICTURES: expected %s, got '%s'"):format(table.concat(PROTOCOLS, ", "), own))
  end
end

--- The protocol: "kitty", "iterm2", "sixel", "blocks" or "none". NEAP_PICTURES overrides what the environment says about the
-- terminal. `terminal`: is standard output one?
function pictures.protocol(terminal)
  local own = override() or not terminal and "none"
  if own then
    return own
  end
  for _, entry in ipairs(RULES) do
    if entry[2]() then
      return entry[1]
    end
  end
end

-- --- The grid ------------------------------------------------------------------------------------------------------------

local function grid_of_pixels(x)
  local n, width = x:size(0), x:size(2)
  local columns = math.min(n, ROW)
  return image.grid(x, { columns = columns, scale = math.max(1, SIDE // (width * columns)) })
end

-- A grid of pictures of h x w pixels in a terminal: columns of pictures, and lines of half blocks.
local function layout(n, h, w, width)
  local columns = math.min(n, (width - 1) // (w + 1))
  return columns, columns > 0 and (n + columns - 1) // columns * (h + 1) / 2 or math.huge
end

-- Pictures are averaged over squares of whole pixels, as large as the grid needs to fit.
local function grid_of_blocks(x)
  local n, h, w = x:size(0), x:size(1), x:size(2)
  local width, rows = core.terminal_size(1)
  local factor, columns, lines = 1, layout(n, h, w, width or COLUMNS)
  while lines > SCREENS * (rows or ROWS) and factor < math.min(h, w) do
    factor = factor + 1
    columns, lines = layout(n, h // factor, w // factor, width or COLUMNS)
  end
  if columns < 1 then
    return nil
  end
  return image.grid(factor > 1 and core.average_pool(x, factor, factor, 0) or x, { columns = columns })
end

-- Pictures [N, H, W, C] with 1 or 3 channels, from one picture or many; nil for anything else.
local function as_pictures(x)
  local shape = core.methods.shape(x)
  if #shape == 3 then
    x, shape = core.ops.reshape(x, { 1, table.unpack(shape) }), { 1, table.unpack(shape) }
  end
  local fits = #shape == 4 and shape[1] > 0 and shape[2] * shape[3] > 1 and (shape[4] == 1 or shape[4] == 3)
  return fits and x or nil
end

local function write(own)
  local protocol = pictures.protocol(core.is_terminal(1))
  if protocol == "none" then
    return
  end
  local grid = (protocol == "blocks" and grid_of_blocks or grid_of_pixels)(own)
  if grid then
    io.write(require("neap.repl." .. protocol)(grid), "\n")
    io.flush()
  end
end

--- show(x): writes pictures f32 [N, H, W, C] or [H, W, C] in [-1, 1] to the terminal, if it can show any.
function pictures.show(x)
  local own = type(x) == "userdata" and x.shape and as_pictures(x)
  if not own then
    core.fail "show: expected pictures [N, H, W, C] or [H, W, C] with 1 or 3 channels"
  end
  write(own)
end

--- The same for samples, which may be no pictures: nothing is shown then. Samples with NaN are reported and not lost.
function pictures.offer(x)
  local own = as_pictures(x)
  if not own then
    return
  end
  local done, reason = pcall(write, own)
  if not done then
    io.stderr:write(core.reason(reason), "\n")
  end
end

return pictures
