--- Tables of texts on standard output.
local core = require "neap.core"

local columns = {}

local GAP, LEAST = 2, 8 -- characters between columns; a cut cell has at least so many

-- Characters of a text; bytes, where it is no UTF-8.
local function length(text)
  return utf8.len(text) or #text
end

-- The text with its end left out, in at most `most` characters.
local function cut(text, most)
  if length(text) <= most then
    return text
  end
  local last = utf8.len(text) and utf8.offset(text, most - 1) - 1 or most - 2
  return text:sub(1, last) .. ".."
end

local function widths_of(lines)
  local widths, total = {}, -GAP
  for _, line in ipairs(lines) do
    for i, cell in ipairs(line) do
      widths[i] = math.max(widths[i] or 0, length(cell))
    end
  end
  for _, width in ipairs(widths) do
    total = total + width + GAP
  end
  return widths, total
end

-- Makes the widest of some columns narrower until all fit.
local function fit(widths, total, most, soft)
  while total > most do
    local widest = soft[1]
    for _, i in ipairs(soft) do
      widest = widths[i] > widths[widest] and i or widest
    end
    if not widest or widths[widest] <= LEAST then
      return
    end
    widths[widest], total = widths[widest] - 1, total - 1
  end
end

--- The width for tables: that of the terminal, or 80 where standard output is none.
function columns.width()
  return core.terminal_size(1) or 80
end

--- The lines of a table, each a list of texts. settings, if given, = { right = { index = true }: columns aligned to the right,
-- soft = { index, ... }: columns whose cells may be cut off, width = characters of a line }.
function columns.lines(rows, settings)
  settings = settings or {}
  local widths, total = widths_of(rows)
  local lines, right = {}, settings.right or {}
  fit(widths, total, settings.width or columns.width(), settings.soft or {})
  for k, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do
      cell = cut(cell:gsub("%c", "?"), widths[i])
      local blanks = (" "):rep(widths[i] - length(cell))
      cells[i] = right[i] and blanks .. cell or cell .. blanks
    end
    lines[k] = table.concat(cells, (" "):rep(GAP)):gsub(" +$", "")
  end
  return lines
end

--- Prints a table.
function columns.print(rows, settings)
  for _, line in ipairs(columns.lines(rows, settings)) do
    print(line)
  end
end

return columns
