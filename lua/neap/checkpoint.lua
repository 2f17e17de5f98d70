--- Checkpoints: one safetensors file with the weights, their averages and the optimizer's state. Its metadata has all that
-- a resume or sampling needs: components with their parameters, settings, conventions.
local core = require "neap.core"
local compare = require "neap.checkpoint.compare"
local files = require "neap.checkpoint.files"
local folder = require "neap.folder"
local layout = require "neap.layout"
local loops = require "neap.checkpoint.loops"
local metadata = require "neap.checkpoint.metadata"
local output = require "neap.output"
local reconstruction = require "neap.reconstruction"
local rule = require "neap.rule"
local sampler = require "neap.sampler"
local stored = require "neap.define.stored"
local take = require "neap.checkpoint.take"

local checkpoint = {}

local WITHOUT_METADATA = ": expected a checkpoint of neap, got a file without its metadata"

local function tensors(run)
  local list = files.weights(run.model)
  for _, entry in ipairs(run.trainer:state()) do
    list[#list + 1] = entry
  end
  return list
end

-- A checkpoint is removed only when the next one is complete, so both need space for a while.
local function check_room(path, size)
  local room, place = output.room(path)
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
  check_room(path, files.size(tensors(run), metadata.of_run(run)))
end

--- Writes the state of a run { model, data, objective, sampler, trainer, guard, settings, step, rate }.
function checkpoint.save_run(path, run)
  files.write(path, tensors(run), metadata.of_run(run))
end

--- Checkpoints of loops of a recipe's own; see lua/neap/checkpoint/loops.lua.
checkpoint.save, checkpoint.resume = loops.save, loops.resume

--- Writes a network that no run of neap trained. `extra` are more pairs of metadata; without an objective, samplers refuse a
-- network that predicts a velocity.
function checkpoint.save_network(path, model, objective, extra)
  local pairs_ = metadata.of_network(model, objective)
  table.move(extra, 1, #extra, #pairs_ + 1, pairs_)
  files.write(path, model:parameters(), pairs_)
end

--- The settings that the run in a checkpoint began with, or nil where the file has none.
function checkpoint.settings(path)
  local file <close> = core.safetensors_open(path)
  return metadata.object(path, file:metadata(), "settings")
end

--- Is the checkpoint the last of its run? False for a file that does not exist.
function checkpoint.ended(path)
  if core.exists(path) ~= "file" then
    return false
  end
  local file <close> = core.safetensors_open(path)
  return file:metadata()["neap.ended"] == "1"
end

-- The step and the rate of a run that can be resumed.
local function progress_of(path, meta)
  local step, rate = math.tointeger(tonumber(meta["neap.step"])), tonumber(meta["neap.rate"] or 1)
  if not (step and step >= 0 and rate and rate > 0 and rate <= 1) then
    core.fail(path .. WITHOUT_METADATA)
  end
  return step, rate
end

-- Fails unless the run in a checkpoint has these components.
local function check_components(path, meta, run)
  local parts = { architecture = run.model:component(), objective = run.objective, dataset = run.data:component() }
  for _, key in ipairs { "architecture", "objective", "dataset" } do
    local entry = metadata.entry(path, meta, key) or core.fail(path .. WITHOUT_METADATA)
    compare.components("train: resume", path, entry, compare.describe(parts[key]))
    stored.ensure(path, metadata.object(path, meta, "definitions"), key, entry,
      "train: resume: %s '%s' has changed since the run began; resume=false begins anew")
  end
  compare.autoencoders("train: resume", path, metadata.entry(path, meta, "autoencoder"), run.model:autoencoder())
end

-- Loads the tensors of a run. They include those of the frozen autoencoder, which must be the given one.
local function restore_tensors(path, file, run)
  local wanted, autoencoder = tensors(run), run.model:autoencoder()
  local given = autoencoder and autoencoder:fingerprint()
  files.check(path, file, wanted)
  files.assign(file, wanted)
  if autoencoder and autoencoder:fingerprint() ~= given then
    core.fail("train: resume: autoencoder: the run began with other weights than those given; resume=false begins anew")
  end
end

--- The fingerprint of the weights that the run of a checkpoint started from; nil if it did not start from another run, or if an
-- earlier version wrote the file.
function checkpoint.started_from(path)
  local file <close> = core.safetensors_open(checkpoint.find("checkpoint", path))
  return file:metadata()["neap.from"]
end

--- Restores a newly built run from a checkpoint: its tensors, step and rate. Fails for a checkpoint of another run, and for
-- another schedule without `extend`. Returns the settings that the run began with, and its plan as stored, or nil.
function checkpoint.restore_run(path, run, extend)
  local file <close> = core.safetensors_open(path)
  local meta = file:metadata()
  if meta["neap.loop"] then
    core.fail(path .. ": the checkpoint of a recipe's own loop; neap.checkpoint.resume goes on with it")
  end
  check_components(path, meta, run)
  local settings = metadata.object(path, meta, "settings") or core.fail(path .. WITHOUT_METADATA)
  local step, rate = progress_of(path, meta)
  compare.settings(settings, run.settings, extend)
  restore_tensors(path, file, run)
  run.step, run.rate, run.from = step, rate, meta["neap.from"]
  run.guard:restore(metadata.object(path, meta, "guard") or {}, path)
  return settings, metadata.object(path, meta, "plan")
end

-- Loads averaged weights where the file has them, because they give better pictures.
local function load_entries(path, file, entries)
  local names, wanted = files.names(file), {}
  for i, entry in ipairs(entries) do
    local average = "ema." .. entry[1]
    wanted[i] = { names[average] and average or entry[1], entry[2] }
  end
  files.check(path, file, wanted)
  files.assign(file, wanted)
end

--- Starts a model from the weights of a run or a checkpoint: parts of the model that the file has are loaded whole, others
-- keep their values. Returns the names of both as lists.
function checkpoint.start(path, model)
  path = checkpoint.find("train: from", path)
  local file <close> = core.safetensors_open(path)
  local taken, left = take.parts(path, files.names(file), model)
  load_entries(path, file, take.entries(model, taken))
  return taken, left
end

-- A file may name any architecture, so a model may not have more parameters than the file has elements.
local function build(path, file, architecture)
  local done, model = pcall(core.network, architecture, 0, layout.elements(file:tensors()))
  return done and model or core.fail(path .. ": " .. core.reason(model))
end

-- The network of a file, with its weights, and with its autoencoder and that one's weights.
local function build_whole(path, file, meta)
  local architecture = metadata.component(path, meta, "architecture")
  local autoencoder = metadata.component(path, meta, "autoencoder", "architecture")
  if not architecture then
    core.fail(path .. WITHOUT_METADATA)
  end
  local model = build(path, file, architecture)
  if autoencoder then
    local done, reason = pcall(model.set_autoencoder, model, build(path, file, autoencoder))
    if not done then
      core.fail(path .. ": " .. core.reason(reason))
    end
  end
  load_entries(path, file, files.weights(model))
  model:set_origin(core.found_path(path) or path)
  return model
end

-- The same with the objective that trained it, which sampling needs to interpret its output.
local function model_of(path, file, meta)
  local model, objective = build_whole(path, file, meta), metadata.component(path, meta, "objective")
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
  return metadata.component(path, meta, "pictures", "dataset") or metadata.component(path, meta, "dataset")
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
  local own, guidance = metadata.component(path, meta, "sampler"), metadata.component(path, meta, "guidance")
  if guidance and not sampler.guides(guidance, model:spec()) then
    guidance = nil -- earlier versions stored it without effect
  end
  return {
    model = model, path = path, reconstructs = not own and reconstruction.fits(model),
    sampler = own and sampler.of(own, guidance) or sampler.default(model),
    labels = metadata.object(path, meta, "labels"), step = tonumber(meta["neap.step"]),
    settings = metadata.object(path, meta, "settings"),
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
  files.write(to, files.weights(checkpoint.model("checkpoint.export", path)), pairs_)
end

-- Loads the networks of parameters. It loads only the model: the run's guidance may name an earlier network of the same
-- path.
core.set_loader(function(path)
  return check_prediction(path, checkpoint.model(nil, path))
end)

return checkpoint
