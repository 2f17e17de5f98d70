--- Import of weights of other programs into a checkpoint of neap.
local core = require "neap.core"
local check = require "neap.check"
local checkpoint = require "neap.checkpoint"
local formats = require "neap.foreign.formats"
local format_shape = require("neap.format").shape
local layout = require "neap.layout"
local names = require "neap.foreign.names"
local rule = require "neap.rule"
local source_of = require("neap.foreign.source").open

local import = {}

-- --- Names and shapes ---------------------------------------------------------------------------------------------------

local MOST = 3 -- tensors that a message names

local function shortened(list)
  local shown = table.concat(list, ", ", 1, math.min(#list, MOST))
  return #list > MOST and ("%s and %d more"):format(shown, #list - MOST) or shown
end

-- Checks the foreign tensors of one place; adds to the lists of missing and of used ones.
local function check_place(source, sizes, place, own, missing, used)
  local wanted = format_shape(place.change.shape(own, sizes, #place))
  for _, name in ipairs(place) do
    local entry = source.tensors[name]
    used[name] = true
    if not entry then
      missing[#missing + 1] = ("'%s' %s"):format(name, wanted)
    elseif format_shape(entry.shape) ~= wanted then
      core.fail(("%s: '%s': expected %s, got %s"):format(source.path, name, wanted, format_shape(entry.shape)))
    end
  end
end

-- The tensors that no parameter was read from, as text, without those that the format ignores; and the number of these.
local function left_over(source, format, used)
  local list, ignored = {}, 0
  for _, name in ipairs(source.names) do
    if not used[name] and names.match_any(format.ignored, name) then
      ignored = ignored + 1
    elseif not used[name] then
      list[#list + 1] = ("'%s' %s"):format(name, format_shape(source.tensors[name].shape))
    end
  end
  return list, ignored
end

local function fail_unless_whole(source, format, missing, surplus)
  local parts = {}
  if #missing > 0 then
    parts[1] = ("missing tensors (%d): %s"):format(#missing, shortened(missing))
  end
  if #surplus > 0 then
    parts[#parts + 1] = ("tensors left over (%d): %s"):format(#surplus, shortened(surplus))
  end
  if #parts > 0 then
    core.fail(("%s: read as %s: %s"):format(source.path, format.title, table.concat(parts, "; ")))
  end
end

-- Where each tensor of the model comes from: { { own name, tensor, place }, ... }. Fails unless the source has all of them in
-- their shapes, and no others.
local function match(source, format, sizes, model, notes)
  local list, missing, used = {}, {}, {}
  for _, entry in ipairs(model:parameters()) do
    local place = names.place(format.rules, sizes, entry[1])
    if place then
      check_place(source, sizes, place, layout.shape(entry[2]:shape()), missing, used)
      list[#list + 1] = { entry[1], entry[2], place }
    end
  end
  local surplus, ignored = left_over(source, format, used)
  fail_unless_whole(source, format, missing, surplus)
  if ignored > 0 then
    notes[#notes + 1] = ("not read: tensors that are constant or serve training alone (%d)"):format(ignored)
  end
  return list
end

-- --- Values ---------------------------------------------------------------------------------------------------------------

local function load_one(source, sizes, entry)
  local list, place = {}, entry[3]
  for i, name in ipairs(place) do
    list[i] = source:load(name)
  end
  local x, reason = place.change.read(list, layout.shape(entry[2]:shape()), sizes)
  if not x then
    core.fail(("%s: '%s': %s"):format(source.path, place[1], reason))
  end
  entry[2]:assign(layout.from_file(x))
end

local COLLECT = 32 -- tensors between collections of what reading them leaves

local function load_all(source, sizes, list)
  for i, entry in ipairs(list) do
    load_one(source, sizes, entry)
    if i % COLLECT == 0 then
      collectgarbage()
    end
  end
end

local function assign_buffers(model, buffers)
  for name, values in pairs(buffers or {}) do
    model:parameter(name):assign(core.tensor(values))
  end
end

-- --- The network ----------------------------------------------------------------------------------------------------------

local BUFFERS = 1 << 16 -- more than the buffers that a network has beside its parameters

local function build(source, format, description)
  local done, model = pcall(function()
    local component = core.component("architecture", format.architecture, description.config)
    return core.network(component, 0, source:elements() + BUFFERS)
  end)
  return done and model or core.fail(("%s: %s"):format(source.path, core.reason(model)))
end

local function objective_of(description)
  return description.prediction and core.component("objective", "flow_matching", { prediction = description.prediction })
end

-- What was renamed, by lines.
local function report(source, format, list, verbose)
  local renamed, lines = 0, {}
  for _, entry in ipairs(list) do
    local from = table.concat(entry[3], ", ")
    if from ~= entry[1] then
      renamed = renamed + 1
      lines[#lines + 1] = verbose and ("  %s <- %s"):format(entry[1], from) or nil
    end
  end
  table.insert(lines, 1, ("%s: %s: %d tensors, of which %d are renamed"):format(source.path, format.title, #list, renamed))
  return lines
end

local function read_settings(format, settings)
  local given = {}
  for key, value in pairs(settings) do
    if not format.keys[key] then
      check.fail_key(("import: %s: unknown key"):format(format.title), key, check.names(format.keys))
    end
    given[key] = rule.parse("import: " .. key, format.keys[key], value)
  end
  return given
end

local function check_class(source, format)
  local class = source.config._class_name
  if format.class and class ~= nil and class ~= format.class and class ~= format.earlier_class then
    core.fail(("%s: _class_name: expected %s, whose names the weights have, got %s"):format(source.config_path, format.class,
      core.json_encode(class)))
  end
end

local function open(path)
  local source = source_of(path)
  if source.metadata["neap.architecture"] then
    core.fail(("%s: expected weights of another program, got a checkpoint of neap"):format(path))
  end
  local format = formats.recognise(source)
  check_class(source, format)
  local dropped = format.prefix and source:narrow(format.prefix) or 0
  return source, format, dropped > 0 and { ("not read: tensors outside of %s (%d)"):format(format.prefix, dropped) } or {}
end

--- Reads the weights at a path and writes them as a checkpoint. `settings` are values or texts by key. Returns lines that say
-- what was done; with `verbose`, also each new name.
function import.run(path, to, settings, verbose)
  local source, format, notes = open(path)
  local description = format.read(format, source, read_settings(format, settings), notes)
  local model = build(source, format, description)
  local list = match(source, format, description.sizes, model, notes)
  load_all(source, description.sizes, list)
  assign_buffers(model, description.buffers)
  checkpoint.save_network(to, model, objective_of(description), { { "neap.imported", format.title } })
  local lines = report(source, format, list, verbose)
  return table.move(notes, 1, #notes, #lines + 1, lines)
end

return import
