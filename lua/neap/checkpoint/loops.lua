--- Checkpoints of loops of a recipe's own. `neap sample` and `neap eval` open them as those of neap.train, and a loop resumes
-- from one with the bits of a loop that never stopped.
local core = require "neap.core"
local check = require "neap.check"
local compare = require "neap.checkpoint.compare"
local files = require "neap.checkpoint.files"
local folder = require "neap.folder"
local metadata = require "neap.checkpoint.metadata"
local optimizer = require "neap.optimizer"
local precision = require "neap.train.precision"
local random = require "neap.random"
local rule = require "neap.rule"

local loops = {}

local SAVE, RESUME = "checkpoint.save", "checkpoint.resume"

-- The prefix of loose tensors in a file.
local LOOSE = "tensor."

-- --- What a loop consists of ------------------------------------------------------------------------------------------

-- One optimizer, or { name = optimizer, ... }.
local OPTIMIZER = { kind = "an optimizer with a model or params, or { name = optimizer, ... }", read = function(value)
  if optimizer.is_live(value) then
    return { optimizer = value }
  elseif type(value) ~= "table" or getmetatable(value) then
    return nil
  end
  for name, one in pairs(value) do
    if type(name) ~= "string" or not optimizer.is_live(one) then
      return nil
    end
  end
  return value
end }

local TENSORS = { kind = "{ name = tensor, ... }", read = function(value)
  for name, x in pairs(type(value) == "table" and value or { false }) do
    if type(name) ~= "string" or rule.thing("neap.tensor", "").read(x) == nil then
      return nil
    end
  end
  return value
end }

local LABELS = { kind = "a list of names", read = function(value)
  for _, name in ipairs(type(value) == "table" and value or { false }) do
    if type(name) ~= "string" then
      return nil
    end
  end
  return value
end }

local RULES = {
  model = rule.thing("neap.model", "a model"), tensors = TENSORS, optimizer = OPTIMIZER, step = rule.whole(0),
  objective = rule.component "objective", sampler = rule.thing("neap.sampler", "a sampler"),
  data = rule.thing("neap.dataset", "a data set"), labels = LABELS,
}

-- Fails for a network whose output samplers could not interpret, and for labels that are not those of the network.
local function check_model(who, loop)
  local model = loop.model
  if not model then
    return
  elseif model:offers "velocity" and not loop.objective then
    core.fail_usage(("%s: expected 'objective': it says what %s predicts, which samplers need; "
      .. "neap.objective.flow_matching {} predicts v = z - x"):format(who, model:component():name()))
  elseif loop.labels and #loop.labels ~= model:spec().classes then
    core.fail_usage(("%s: labels: expected %d, the classes of %s, got %d"):format(who, model:spec().classes,
      model:component():name(), #loop.labels))
  end
end

-- Checks the parts of a loop, and returns them with optimizers by name.
local function read(who, given)
  check.keys(who, given, check.names(RULES))
  local loop = {}
  for key, value in pairs(given) do
    loop[key] = rule.read(who .. ": " .. key, RULES[key], value)
  end
  if not (loop.model or loop.tensors) then
    core.fail_usage(who .. ": expected 'model' or 'tensors'")
  end
  loop.optimizer = loop.optimizer or {}
  check_model(who, loop)
  return loop
end

-- All tensors of a loop by the names of the file, { { name, tensor }, ... }.
local function tensors_of(who, loop)
  local list, seen = loop.model and files.weights(loop.model) or {}, {}
  for _, name in ipairs(check.names(loop.tensors or {})) do
    list[#list + 1] = { LOOSE .. name, loop.tensors[name] }
  end
  for _, name in ipairs(check.names(loop.optimizer)) do
    local state = optimizer.state(loop.optimizer[name])
    table.move(state, 1, #state, #list + 1, list)
  end
  for _, entry in ipairs(list) do
    if seen[entry[1]] then
      core.fail(("%s: two optimizers have a state '%s'; give their params different names"):format(who, entry[1]))
    end
    seen[entry[1]] = true
  end
  return list
end

-- --- Saving -----------------------------------------------------------------------------------------------------------

-- Files that this process has written or resumed from, as a set.
local own_files = {}

-- A path that ends in .safetensors is the file, any other the folder of a run.
local function file_of(path)
  return path:find "%.safetensors$" and path or folder.at(path):checkpoint()
end

local function free_name(file)
  local number = 1
  local stem = file:match "^(.*)%.safetensors$"
  while core.exists(("%s.%d.safetensors"):format(stem, number)) do
    number = number + 1
  end
  return ("%s.%d.safetensors"):format(stem, number)
end

-- Renames a checkpoint that this process did not write. One of neap.train stays where its metrics are, and is refused.
local function move_aside(file)
  if own_files[file] or core.exists(file) ~= "file" then
    return
  end
  local is_loop
  do
    local open <close> = core.safetensors_open(file)
    is_loop = open:metadata()["neap.loop"] ~= nil
  end
  if not is_loop then
    core.fail(("%s: %s is not the checkpoint of a recipe's own loop; save to another path"):format(SAVE, file))
  end
  local now = free_name(file)
  local moved, reason = os.rename(file, now)
  if not moved then
    core.fail(("%s: %s holds an earlier checkpoint and cannot be moved: %s"):format(SAVE, file, reason))
  end
  io.stderr:write(("%s was there already and is now %s\n"):format(file, now))
end

local function describe(loop)
  local optimizers = {}
  for name, one in pairs(loop.optimizer) do
    optimizers[name] = optimizer.describe(one)
  end
  return { seed = random.seed, streams = random.taken, precision = precision.current(), optimizers = optimizers }
end

local function check_path(who, path)
  if type(path) ~= "string" or path == "" then
    core.fail_usage(("%s: expected the path of a run's folder or of a file, got %s"):format(who, type(path)))
  end
end

--- save(path, { model, tensors, optimizer, step, objective, sampler, data, labels }) writes a checkpoint and returns its path.
--
-- `path` is the folder of the run, which is made, or a file that ends in .safetensors. `step` is the number of steps taken.
-- `optimizer` is one, or { name = optimizer, ... }. `objective` says what a network predicts. `sampler` is the default of
-- `neap sample`, `data` what `neap eval` compares with, and `labels` are the names of classes, by default those of the data set.
-- `tensors` are others that the loop changes, { name = tensor }. An earlier checkpoint of another process is kept, renamed.
function loops.save(path, given)
  check_path(SAVE, path)
  local loop = read(SAVE, given)
  loop.step = loop.step or core.fail_usage(SAVE .. ": expected 'step', the number of steps taken")
  local list, file = tensors_of(SAVE, loop), file_of(path)
  if file ~= path then
    core.folder_make(path)
  end
  move_aside(file)
  files.write(file, list, metadata.of_loop(loop, describe(loop)))
  own_files[file] = true
  return file
end

-- --- Resuming ---------------------------------------------------------------------------------------------------------

local function is_description(one)
  local valid = type(one) == "table" and math.tointeger(one.steps) and type(one.initial) == "table" and type(one.now) == "table"
  for _, value in pairs(valid and one.now or {}) do
    valid = valid and (type(value) == "number" or type(value) == "string")
  end
  return valid and one.steps >= 0
end

-- The state that a checkpoint stores for a resume; fails for a checkpoint that no loop has saved, and for a damaged one.
local function stored_state(file, meta)
  local state = metadata.object(file, meta, "loop")
  if not state then
    core.fail(("%s: %s is not the checkpoint of a recipe's own loop; neap.train goes on by resume = true"):format(RESUME, file))
  end
  local step = math.tointeger(tonumber(meta["neap.step"]))
  local valid = step and step >= 0 and math.tointeger(state.seed) and math.tointeger(state.streams)
    and type(state.precision) == "string" and type(state.optimizers) == "table"
  for _, one in pairs(valid and state.optimizers or {}) do
    valid = valid and is_description(one)
  end
  if not valid then
    core.fail(file .. ": metadata 'neap.loop': expected the state of a loop")
  end
  return state, step
end

-- Fails unless the loop has the components of the checkpoint.
local function check_components(file, meta, loop)
  local model = loop.model
  local parts = {
    architecture = model and model:component(), objective = loop.objective, dataset = loop.data and loop.data:component(),
  }
  for _, key in ipairs { "architecture", "objective", "dataset" } do
    local entry = metadata.entry(file, meta, key)
    if entry and parts[key] then
      compare.components(RESUME, file, entry, compare.describe(parts[key]))
    elseif entry or parts[key] then
      core.fail(("%s: %s: the run began with %s, got %s"):format(RESUME, key, entry and entry.name or "none",
        parts[key] and parts[key]:name() or "none"))
    end
  end
  compare.autoencoders(RESUME, file, metadata.entry(file, meta, "autoencoder"), model and model:autoencoder())
end

local function check_optimizers(stored, loop)
  for _, names in ipairs { check.names(stored), check.names(loop.optimizer) } do
    for _, name in ipairs(names) do
      local before, now = stored[name], loop.optimizer[name]
      if not (before and now) then
        core.fail(("%s: optimizer: the run began %s '%s', got one %s"):format(RESUME, before and "with" or "without", name,
          before and "without" or "with"))
      end
      compare.values(("%s: %s"):format(RESUME, name), before.initial, optimizer.describe(now).initial,
        "; to change it, set it after the resume")
    end
  end
end

--- resume(path, loop) -> step: reads a checkpoint of save into the parts of a loop, { model, .. } as for save: tensors,
-- optimizers with their settings, and the stream of random numbers. Sets loop.step. Fails and changes nothing when the parts are
-- not those that were saved.
function loops.resume(path, given)
  check_path(RESUME, path)
  local loop, file = read(RESUME, given), file_of(path)
  if core.exists(file) ~= "file" then
    core.fail(("%s: there is no checkpoint %s"):format(RESUME, file))
  end
  local open <close> = core.safetensors_open(file)
  local meta = open:metadata()
  local state, step = stored_state(file, meta)
  check_components(file, meta, loop)
  check_optimizers(state.optimizers, loop)
  compare.values(RESUME, { seed = state.seed, precision = state.precision },
    { seed = random.seed, precision = precision.current() }, "")
  local list = tensors_of(RESUME, loop)
  files.check(file, open, list)
  files.assign(open, list)
  for name, one in pairs(loop.optimizer) do
    optimizer.restore(one, state.optimizers[name])
  end
  random.taken, given.step, own_files[file] = state.streams, step, true
  return step
end

return loops
