--- Formats of weights of other programs. A format is
--
--   name, title        in `neap export --as NAME`, in messages
--   architecture       of neap
--   has                tensors by which it is recognised
--   prefix             of all its names, dropped with what has another; or nil
--   class              _class_name in config.json; nil for a format that has none
--   earlier_class      the same in older files
--   rules              names, see neap.foreign.names
--   ignored            patterns of tensors that are constant, or that no decoder or sampler uses
--   note               a line for imports and exports; nil: none
--   keys               rules for the settings of an import
--   read(format, source, given, notes) -> { config of the architecture, sizes for names and changes, prediction, buffers }
--   holds(c)           whether networks with this config of the architecture can be written; nil: all
--   write(format, model) -> { sizes, config = of config.json, or nil for a single file, extra = { { name, tensor }, .. },
--                      metadata = { { key, text }, .. },
--                      omitted = patterns of tensors that are not written }; nil for a format that is only read
local core = require "neap.core"

local formats = {}

local ALL = {}
for _, file in ipairs { "dit", "mmdit", "kl", "tiny" } do
  table.move(require("neap.foreign." .. file), 1, 16, #ALL + 1, ALL)
end

local function fits(format, source)
  for _, name in ipairs(format.has) do
    if not source.tensors[(format.prefix or "") .. name] then
      return false
    end
  end
  return true
end

local function titles()
  local list = {}
  for i, format in ipairs(ALL) do
    list[i] = format.title
  end
  return table.concat(list, ", ")
end

--- The format of an open source.
function formats.recognise(source)
  for _, format in ipairs(ALL) do
    if fits(format, source) then
      return format
    end
  end
  core.fail(("%s: expected weights of one of %s; got %d tensors, such as '%s'"):format(source.path, titles(), #source.names,
    source.names[1] or ""))
end

--- The format NAME for networks of an architecture and its config; nil where none can hold them.
function formats.writer(name, architecture, config)
  for _, format in ipairs(ALL) do
    local fits_network = format.architecture == architecture and not (format.holds and not format.holds(config))
    if format.name == name and format.write and fits_network then
      return format
    end
  end
end

return formats
