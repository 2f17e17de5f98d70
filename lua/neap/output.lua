--- Checks of output paths before the work starts: the file can be written, its extension fits the format, and no two results
-- share a file.
local core = require "neap.core"

local output = {}

--- Fails unless a path has one of the extensions `endings`, such as { "svg", "png" }. A device or a pipe may have any name.
function output.ending(who, path, endings)
  local text = type(path) == "string"
  if text and core.is_special(path) then
    return
  end
  local own = text and path:lower():match "%.(%w+)$"
  for _, ending in ipairs(endings) do
    if own == ending then
      return
    end
  end
  core.fail_usage(("%s: expected a path that ends in .%s, got %s"):format(who, table.concat(endings, " or ."), tostring(path)))
end

--- Fails unless a file with one of `endings` (nil: any) can be written at a path.
function output.check(who, path, endings)
  if endings then
    output.ending(who, path, endings)
  end
  core.file_check(path)
end

-- Is a the same file as b? Two results may share a device, such as the terminal.
local function shared(a, b)
  local place = a.path and b.path and not core.is_special(a.path) and core.real_path(a.path)
  return place and place == core.real_path(b.path)
end

--- Checks all results of a command, { { name = "--raw", path = .., endings = .. }, .. }, also against each other and against
-- the files that it reads, `inputs` = { { name, path }, .. }. Entries without a path are skipped.
function output.check_all(who, outputs, inputs)
  for i, own in ipairs(outputs) do
    for k = 1, i - 1 do
      if shared(own, outputs[k]) then
        core.fail_usage(("%s: %s and %s are one file, %s"):format(who, outputs[k].name, own.name, own.path))
      end
    end
    for _, input in ipairs(inputs) do
      if shared(own, input) then
        core.fail_usage(("%s: %s would replace %s, %s"):format(who, own.name, input.name, input.path))
      end
    end
    if own.path then
      output.check(who .. ": " .. own.name, own.path, own.endings)
    end
  end
end

--- The free bytes of the disk for a file at a path, or nil if unknown or a device; and its folder.
function output.room(path)
  local place = path:match "^(.*)/[^/]*$" or "."
  place = place ~= "" and place or "/"
  return not core.is_special(path) and core.folder_room(place) or nil, place
end

--- Prints the path of a result, unless that is a device or a pipe, which may be standard output itself.
function output.announce(path)
  if not core.is_special(path) then
    print(path)
  end
end

return output
