--- A run as a value: samples from its checkpoint, and goes on with its training. The prompt's load "runs/x" and neap.train
-- return one.
local core = require "neap.core"
local check = require "neap.check"
local checkpoint = require "neap.checkpoint"
local resumed = require "neap.train.resumed"
local sampling_options = require "neap.cli.sampling_options"

local run = {}
run.__index = run
run.__name = "neap.run"

--- Called with the pictures of run:sample and their spec; the prompt shows them.
run.on_pictures = nil

local N = 8 -- pictures

-- Keys that change the run's sampler, and those that sampler:sample takes unchanged.
local OWN = { "label", "w", "sampler", "steps", "interval", "rescale", "worse" }
local PLAIN = {
  "labels", "text", "negative", "condition", "picture", "keep", "level", "noise", "mixture", "batch", "n", "seed",
}
run.KEYS = table.move(PLAIN, 1, #PLAIN, #OWN + 1, { table.unpack(OWN) })

--- A run that neap.train has begun with these settings; `result` has its path, step, loss and checkpoint.
function run.of_training(settings, result)
  result.given = settings
  return setmetatable(result, run)
end

--- The run in a folder or a checkpoint. Its networks are loaded at once.
function run.load(path)
  if type(path) ~= "string" then
    core.fail_usage(("load: expected the path of a run, got %s; loadstring is Lua's load"):format(type(path)))
  end
  local found = checkpoint.find("load", path)
  local self = setmetatable({ path = found:match "^(.*)/[^/]*$" or ".", checkpoint = found }, run)
  self:loaded()
  return self
end

-- The identity of the file: another one replaces it when the training has gone on.
local function stamp(path)
  return core.file_stamp(path)
end

--- What checkpoint.load gives, of the checkpoint as it is now.
function run:loaded()
  local now = stamp(self.checkpoint)
  if not self.networks or self.stamp ~= now then
    self.networks, self.stamp = checkpoint.load(self.checkpoint), now
    self.step = self.networks.step or self.step
  end
  return self.networks
end

-- Labels without any setting: one picture of each class, as far as N go.
local function default_labels(settings, classes)
  local given = settings.mixture or settings.condition or settings.picture or settings.text
  return classes > 0 and not given and "each" or nil
end

-- As many pictures as there are texts, but at least N; noise and mixtures bring their own number.
local function default_count(settings)
  local texts = type(settings.text) == "table" and #settings.text or 0
  return not (settings.noise or settings.mixture) and math.max(N, texts) or nil
end

local function sampling(networks, settings)
  local result = { names = networks.labels, watch = sampling_options.show_progress }
  for _, key in ipairs(PLAIN) do
    result[key] = settings[key]
  end
  if result.labels == nil then
    result.labels = settings.label
  end
  local classes = networks.model:spec().classes
  result.labels = result.labels or default_labels(settings, classes)
  result.n = result.n or default_count(settings)
  result.seed = result.seed or 0
  return result
end

--- run:sample { label, w, n = 8, text, seed = 0, ... } -> pictures [n, H, W, C]. A label is a name or a number; w, sampler,
-- steps, interval = { low =, high = }, rescale and worse change the run's sampler and guidance as the options of `neap sample`
-- do; other keys are those of sampler:sample.
function run:sample(settings)
  settings = settings or {}
  check.keys("sample", settings, run.KEYS)
  local networks = self:loaded()
  if networks.reconstructs and not settings.sampler then
    core.fail_usage(("sample: %s is an autoencoder; `neap sample` shows its reconstructions"):format(self.path))
  end
  local own = sampling_options.adjust("sample", networks, settings, {})
  local pictures = own:sample(networks.model, sampling(networks, settings))
  if run.on_pictures then
    run.on_pictures(pictures)
  end
  return pictures
end

--- Is there a checkpoint from which the training can go on?
function run:can_resume()
  return core.exists(self.checkpoint) == "file"
end

--- run:resume { steps = 5000, ... }: goes on with the training, with these settings changed. The run of a folder is trained by
-- the recipe that the folder holds.
function run:resume(changes)
  changes = changes or {}
  if not self:can_resume() then
    core.fail(("resume: there is no checkpoint %s"):format(self.checkpoint))
  end
  self.networks = nil
  if self.given then
    return resumed.training(self.given, changes)
  end
  resumed.recipe(self.path, changes)
  return run.load(self.checkpoint)
end

function run:__tostring()
  local step = self.step and (", step %d"):format(self.step) or ""
  local loss = self.loss and (", loss %.4f"):format(self.loss) or ""
  local model = self.networks and self.networks.model
  local labels = self.networks and self.networks.labels
  return ("run %s%s%s%s%s"):format(self.path, step, loss, model and "\n  " .. tostring(model) or "",
    labels and "\n  labels: " .. table.concat(labels, ", ") or "")
end

return run
