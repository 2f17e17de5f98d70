--- Checkpoints: one safetensors file with the weights, their averages and the optimizer's state. Its metadata has all that
-- a resume or sampling needs: components with their parameters, settings, conventions.
local core = require "neap.core"
local compare = require "neap.checkpoint.compare"
local folder = require "neap.folder"
local layout = require "neap.layout"
local output = require "neap.output"
local reconstruction = require "neap.reconstruction"
local rule = require "neap.rule"
local sampler = require "neap.sampler"
local take = require "neap.checkpoint.take"

local checkpoint = {}

-- The conventions of docs/architecture.md, so that a reader of the file needs no other source.
local CONVENTIONS = {
  time = "t=0 is data, t=1 is noise; x_t=(1-t)x+tz; the network sees 1000t",
  guidance = "v=(1+w)v_y-w v_0",
  null_label = "classes",
  pictures = "NHWC in [-1,1]",
  layouts = "linear [out,in], convolution [out,in,rows,columns]",
}

local UNKNOWN = "unknown" -- prediction of a network that another program trained

local function conventions(model, objective)
  local own = {}
  if model:offers "velocity" then
    own.prediction = objective and core.objective_predicts(objective) or UNKNOWN
  end
  for key, value in pairs(CONVENTIONS) do
    own[key] = value
  end
  return own
end

local function add_component(pairs_, key, instance)
  if instance then
    pairs_[#pairs_ + 1] = { "neap." .. key, core.json_encode(compare.describe(instance), true) }
  end
end

local function metadata(run)
  local pairs_ = {
    { "neap.version", core.version },
    { "neap.step", tostring(run.step) },
    { "neap.rate", tostring(run.rate) },
    { "neap.ended", run.ended and "1" or "0" },
    { "neap.plan", core.json_encode(run.plan:describe(), true) },
    { "neap.guard", core.json_encode(run.guard:describe(), true) },
    { "neap.settings", core.json_encode(run.settings, true) },
    { "neap.conventions", core.json_encode(conventions(run.model, run.objective)) },
    { "neap.spec", core.json_encode(run.model:spec()) },
  }
  local autoencoder = run.model:autoencoder()
  add_component(pairs_, "architecture", run.model:component())
  add_component(pairs_, "autoencoder", autoencoder and autoencoder:component())
  add_component(pairs_, "objective", run.objective)
  add_component(pairs_, "dataset", run.data:component())
  add_component(pairs_, "sampler", run.sampler and run.sampler.instance)
  add_component(pairs_, "guidance", run.sampler and run.sampler.guidance)
  if run.data:encoded_from() then
    pairs_[#pairs_ + 1] = { "neap.pictures", run.data:encoded_from() }
  end
  local names = run.data:label_names()
  if names then
    pairs_[#pairs_ + 1] = { "neap.labels", core.json_encode(names) }
  end
  return pairs_
end

-- The prefix of the tensors of the autoencoder that a network works in.
local AUTOENCODER = "autoencoder."

-- { { name, tensor }, ... } of a network and of its autoencoder.
local function weights(model)
  local list, autoencoder = model:parameters(), model:autoencoder()
  for _, entry in ipairs(autoencoder and autoencoder:parameters() or {}) do
    list[#list + 1] = { AUTOENCODER .. entry[1], entry[2] }
  end
  return list
end

local function tensors(run)
  local list = weights(run.model)
  for _, entry in ipairs(run.trainer:state()) do
    list[#list + 1] = entry
  end
  return list
end

-- The same list with the layouts of the file.
local function in_file_layout(list)
  local result = {}
  for i, entry in ipairs(list) do
    result[i] = { entry[1], layout.to_file(entry[2]) }
  end
  return result
end

local function write(path, list, pairs_)
  core.safetensors_save(path, in_file_layout(list), pairs_)
end

-- A checkpoint is removed only when the next one is complete, so both need space for a while.
local function check_room(path, size)
  local place = path:match "^(.*)/[^/]*$" or "."
  local room = core.folder_room(place ~= "" and place or "/")
  if room and room < size then
    core.fail(("train: %s: no room for a checkpoint: expected %d free bytes, got %d"):format(place, size, room))
  elseif room and not core.exists(path) and room < 2 * size then
    io.stderr:write(("train: %s: room for one checkpoint of %d bytes, but not for the next beside it: %d are free\n"):format(
      place, size, room))
  end
end

--- Makes the contents of a checkpoint before the run's first step, without writing them. Fails when it could not be saved
-- or the disk has no space for it.
function checkpoint.prepare(path, run)
  check_room(path, core.safetensors_size(in_file_layout(tensors(run)), metadata(run)))
end

--- Writes the state of a run { model, data, objective, sampler, trainer, guard, settings, step, rate }.
function checkpoint.save(path, run)
  write(path, tensors(run), metadata(run))
end

--- Writes a network that no run of neap trained. `extra` are more pairs of metadata; without an objective, samplers refuse a
-- network that predicts a velocity.
function checkpoint.save_network(path, model, objective, extra)
  local pairs_ = {
    { "neap.version", core.version },
    { "neap.step", "0" },
    { "neap.conventions", core.json_encode(conventions(model, objective)) },
    { "neap.spec", core.json_encode(model:spec()) },
  }
  add_component(pairs_, "architecture", model:component())
  add_component(pairs_, "objective", objective)
  table.move(extra, 1, #extra, #pairs_ + 1, pairs_)
  write(path, model:parameters(), pairs_)
end

-- Fails unless the file has every wanted tensor in the right shape.
local function check_tensors(path, file, wanted)
  local shapes = {}
  for _, entry in ipairs(file:tensors()) do
    shapes[entry.name] = "[" .. table.concat(entry.shape, ", ") .. "]"
  end
  for _, entry in ipairs(wanted) do
    local want, got = "[" .. table.concat(layout.shape(entry[2]:shape()), ", ") .. "]", shapes[entry[1]]
    if got ~= want then
      core.fail(("%s: '%s': expected %s, got %s"):format(path, entry[1], want, got or "no such tensor"))
    end
  end
end

local function assign(file, wanted)
  for _, entry in ipairs(wanted) do
    local loaded <close> = file:load(entry[1])
    entry[2]:assign(layout.from_file(loaded))
  end
end

local function decode(path, meta, key)
  local text = meta["neap." .. key]
  if not text then
    return nil
  end
  local value, reason = core.json_decode(text)
  if type(value) ~= "table" then
    core.fail(("%s: metadata 'neap.%s': %s"):format(path, key, reason or "expected an object"))
  end
  return value
end

local function entry_of(path, meta, kind)
  local entry = decode(path, meta, kind)
  if entry and (type(entry.name) ~= "string" or type(entry.config) ~= "table") then
    core.fail(("%s: metadata 'neap.%s': expected a name and a config"):format(path, kind))
  end
  return entry
end

-- The component under a key of the metadata, which is its kind where no other is named.
local function component_of(path, meta, key, kind)
  local entry = entry_of(path, meta, key)
  return entry and core.component_from_json(kind or key, entry.name, core.json_encode(entry.config, true))
end

--- The settings that the run in a checkpoint began with, or nil where the file has none.
function checkpoint.settings(path)
  local file <close> = core.safetensors_open(path)
  return decode(path, file:metadata(), "settings")
end

--- Has the run in a checkpoint come to its end? False for a file that does not exist.
function checkpoint.ended(path)
  if core.exists(path) ~= "file" then
    return false
  end
  local file <close> = core.safetensors_open(path)
  return file:metadata()["neap.ended"] == "1"
end

--- Restores a newly built run from a checkpoint: its tensors, step and rate. Fails for a checkpoint of another run, and for
-- another schedule without `extend`. Returns the settings that the run began with, and its plan as stored, or nil.
function checkpoint.restore(path, run, extend)
  local file <close> = core.safetensors_open(path)
  local meta = file:metadata()
  local settings = decode(path, meta, "settings")
  local architecture, objective = entry_of(path, meta, "architecture"), entry_of(path, meta, "objective")
  local data = entry_of(path, meta, "dataset")
  local step, rate = math.tointeger(tonumber(meta["neap.step"])), tonumber(meta["neap.rate"] or 1)
  if not (settings and architecture and objective and data and step and step >= 0 and rate and rate > 0 and rate <= 1) then
    core.fail(path .. ": expected a checkpoint of neap, got a file without its metadata")
  end
  compare.components(path, architecture, compare.describe(run.model:component()))
  compare.autoencoders(path, entry_of(path, meta, "autoencoder"), run.model:autoencoder())
  compare.components(path, objective, compare.describe(run.objective))
  compare.components(path, data, compare.describe(run.data:component()))
  compare.settings(settings, run.settings, extend)
  local wanted, autoencoder = tensors(run), run.model:autoencoder()
  local given = autoencoder and autoencoder:fingerprint()
  check_tensors(path, file, wanted)
  assign(file, wanted)
  if autoencoder and autoencoder:fingerprint() ~= given then
    core.fail("train: resume: autoencoder: the run began with other weights than those given; resume=false begins anew")
  end
  run.step, run.rate = step, rate
  run.guard:restore(decode(path, meta, "guard") or {}, path)
  return settings, decode(path, meta, "plan")
end

local function names_of(file)
  local names = {}
  for _, entry in ipairs(file:tensors()) do
    names[entry.name] = true
  end
  return names
end

-- Loads averaged weights where the file has them, because they give better pictures.
local function load_entries(path, file, entries)
  local names, wanted = names_of(file), {}
  for i, entry in ipairs(entries) do
    local average = "ema." .. entry[1]
    wanted[i] = { names[average] and average or entry[1], entry[2] }
  end
  check_tensors(path, file, wanted)
  assign(file, wanted)
end

--- Starts a model from the weights of a run or a checkpoint: parts of the model that the file has are loaded whole, others
-- keep their values. Returns the names of both as lists.
function checkpoint.start(path, model)
  path = checkpoint.find("train: from", path)
  local file <close> = core.safetensors_open(path)
  local taken, left = take.parts(path, names_of(file), model)
  load_entries(path, file, take.entries(model, taken))
  return taken, left
end

-- The elements of all tensors. A file may name any architecture, so a model may not have more parameters than this.
local function elements_of(file)
  local elements = 0
  for _, entry in ipairs(file:tensors()) do
    local size = 1
    for _, n in ipairs(entry.shape) do
      size = size * n
    end
    elements = elements + size
  end
  return elements
end

local function build(path, file, architecture)
  local done, model = pcall(core.network, architecture, 0, elements_of(file))
  return done and model or core.fail(path .. ": " .. core.reason(model))
end

-- The network of a file, with its weights, and with its autoencoder and that one's weights.
local function build_whole(path, file, meta)
  local architecture = component_of(path, meta, "architecture")
  local autoencoder = component_of(path, meta, "autoencoder", "architecture")
  if not architecture then
    core.fail(path .. ": expected a checkpoint of neap, got a file without its metadata")
  end
  local model = build(path, file, architecture)
  if autoencoder then
    local done, reason = pcall(model.set_autoencoder, model, build(path, file, autoencoder))
    if not done then
      core.fail(path .. ": " .. core.reason(reason))
    end
  end
  load_entries(path, file, weights(model))
  model:set_origin(core.real_path(path))
  return model
end

-- The same with the objective that trained it, which sampling needs to interpret its output.
local function model_of(path, file, meta)
  local model, objective = build_whole(path, file, meta), component_of(path, meta, "objective")
  if objective then
    model:set_objective(objective)
  end
  return model
end

-- Samplers would take the output of a network without an objective for a velocity.
local function check_prediction(path, model)
  if model:offers "velocity" and not model:objective() then
    core.fail(path .. ": nothing says what this network predicts; import it again with prediction=v, x0 or noise")
  end
  return model
end

--- The component of the data set of a run's pictures, not opened; nil when the file names none. It is the one that the run
-- was trained on, or the one that was encoded for it.
function checkpoint.dataset(path)
  local file <close> = core.safetensors_open(path)
  local meta = file:metadata()
  return component_of(path, meta, "pictures", "dataset") or component_of(path, meta, "dataset")
end

--- The path of the checkpoint in a run's folder, or of the checkpoint itself. Messages begin with `who`, if given.
function checkpoint.find(who, path)
  if core.exists(path) == "folder" then
    path = path .. "/" .. folder.CHECKPOINT
  end
  if core.exists(path) ~= "file" then
    core.fail(("%sthere is no checkpoint '%s'"):format(who and who .. ": " or "", path))
  end
  return path
end

--- Loads only the model of a checkpoint or a run's folder, without the sampler and the networks that it uses. `who` as in
-- find.
function checkpoint.model(who, path)
  path = checkpoint.find(who, path)
  local file <close> = core.safetensors_open(path)
  return model_of(path, file, file:metadata())
end

--- The rule of a trained model, given as such or as a run or a checkpoint. Messages begin with `who`.
function checkpoint.rule(who)
  return { kind = "a model, a run or a checkpoint", read = function(value)
    if type(value) == "string" then
      return checkpoint.model(who, value)
    end
    return rule.thing("neap.model", "").read(value)
  end }
end

--- Loads a checkpoint for sampling: { model, path, sampler, reconstructs, labels, step, settings }. `path` is of the file or of
-- its run's folder. reconstructs: it is an autoencoder whose recipe named no sampler.
function checkpoint.load(path)
  if type(path) ~= "string" then
    core.fail_usage(("checkpoint.load: expected a path, got %s"):format(type(path)))
  end
  path = core.exists(path) == "folder" and checkpoint.find("checkpoint.load", path) or path
  local file <close> = core.safetensors_open(path)
  local meta = file:metadata()
  local model = check_prediction(path, model_of(path, file, meta))
  local own = component_of(path, meta, "sampler")
  return {
    model = model, path = path, reconstructs = not own and reconstruction.fits(model),
    sampler = own and sampler.of(own, component_of(path, meta, "guidance")) or sampler.default(model),
    labels = decode(path, meta, "labels"), step = tonumber(meta["neap.step"]), settings = decode(path, meta, "settings"),
  }
end

--- Copies the weights, averaged ones where the checkpoint has them, and the metadata to another file, without the state
-- that training needs.
function checkpoint.export(path, to)
  output.check("checkpoint.export", to, { "safetensors" })
  local file <close> = core.safetensors_open(path)
  local pairs_ = {}
  for key, value in pairs(file:metadata()) do
    pairs_[#pairs_ + 1] = { key, value }
  end
  table.sort(pairs_, function(a, b) return a[1] < b[1] end)
  write(to, weights(checkpoint.model("checkpoint.export", path)), pairs_)
end

-- Loads the networks of parameters. It loads only the model: the run's guidance may name an earlier network of the same
-- path.
core.set_loader(function(path)
  return check_prediction(path, checkpoint.model(nil, path))
end)

return checkpoint
