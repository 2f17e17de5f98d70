--- Settings of neap.train, from defaults, the recipe and the command line; and the settings of the core's trainer.
local core = require "neap.core"
local check = require "neap.check"
local checkpoint = require "neap.checkpoint"
local optimizer = require "neap.optimizer"
local options = require "neap.options"
local rule = require "neap.rule"
local setting = require "neap.setting"
local tensor = require "neap.tensor"

local settings_of = {}

local RISE, ROLLBACKS = 0.5, 3 -- of the value that an objective guards, and how often it may take a run back

local NETWORK = checkpoint.rule "train"

-- { value = share, ... }; false: no guard.
local GUARD = { kind = "false, or { value = share above 0, ... }", read = function(value)
  local limits = value == false and {} or value
  if type(limits) ~= "table" then
    return nil
  end
  for name, share in pairs(limits) do
    if type(name) ~= "string" or not (math.type(share) and share > 0 and share < math.huge) then
      return nil
    end
  end
  return limits
end }

-- The keys that only a recipe can set; those of the command line are in options.lua.
local OWN = {
  { "model", rule.thing("neap.model", "a model"), "The network to train.", required = true },
  { "data", rule.thing("neap.dataset", "a data set"), "The examples.", required = true },
  { "objective", rule.component "objective", "What the network learns.", required = true },
  { "optimizer", { kind = "an optimizer without a model, or { phase = optimizer, ... }", read = optimizer.read },
    "One for all phases of the objective, or one for each, by name.", required = true },
  { "autoencoder", NETWORK, "The model works in the latents of this one; the checkpoint contains both.", usual = "none" },
  { "from", rule.text "a run or a checkpoint", "Its weights are those that a new run starts from; parts that it lacks are new.",
    usual = "new weights" },
  { "sampler", rule.thing("neap.sampler", "a sampler"), "Draws the previews; the checkpoint keeps it for sampling.",
    usual = "that of the model" },
  { "samples", rule.whole(1, 10000), "Samples of a preview.", usual = "8 of each class, or 64" },
  { "warmup", rule.whole(0), "Steps over which the learning rate rises from 0.", default = 0 },
  { "decay", rule.choice("none", "linear", "cosine"), "How the learning rate falls until the last step.", default = "none" },
  { "floor", rule.number(0, 1), "Share of the learning rate at the end of its decay.", default = 0 },
  { "clip", rule.number(0), "Largest norm of the gradients; 0: not clipped.", default = 0 },
  { "ema", rule.number(0, 1), "Decay of the moving average of the weights, which samples use; 0: no average.", default = 0 },
  { "log_every", rule.whole(0), "Steps between rows of metrics.jsonl; 0: none.", default = 10 },
  { "on_step", rule.call, "Called as on_step(step, report) after each step.", usual = "none" },
  { "rollback", rule.whole(0, 100), "How often a step that fails takes the run back to its last good state, with half the "
    .. "learning rate.", default = 0 },
  { "guard", GUARD, "Rolls back when the average of a reported value rises by this share above its minimum; false: never.",
    usual = "that of the objective" },
  { "score_samples", rule.whole(2, 1000000), "Samples of a score.", default = 1000 },
  { "evaluator", NETWORK, "Classifier whose features scores compare.", usual = "that of Fashion-MNIST which comes with neap" },
}

local KEYS, RULES, REQUIRED = setting.declare("neap.train", OWN, options.keys), setting.rules(OWN), setting.required(OWN)

--- Settings that neither recipe nor command line give.
settings_of.defaults = {}
for _, list in ipairs { OWN, options.keys } do
  for key, value in pairs(setting.defaults(list)) do
    settings_of.defaults[key] = value
  end
end

--- The names of all settings.
function settings_of.names()
  return KEYS
end

-- An objective may name the value that guards its runs.
local function add_guard(settings, given)
  local own = core.objective_guard(settings.objective)
  if given.guard and next(settings.guard) and given.rollback == 0 then
    core.fail_usage "train: guard: expected rollback from 1, got 0: without a rollback, there is no earlier state to go back to"
  end
  settings.guard = settings.guard or own and given.rollback ~= 0 and { [own] = RISE } or {}
  settings.rollback = given.rollback or next(settings.guard) and ROLLBACKS or 0
end

--- Checks the settings and adds defaults; `out` is the default folder.
function settings_of.resolve(given, out)
  local settings = {}
  for key, value in pairs(settings_of.defaults) do
    settings[key] = value
  end
  for key, value in pairs(given) do
    settings[key] = RULES[key] and rule.read("train: " .. key, RULES[key], value) or value
  end
  options.check_training()
  for key in pairs(options.standard) do
    settings[key] = options.training_value(key, settings[key])
  end
  if settings.extend and not settings.resume then
    core.fail_usage "train: extend: expected resume=true as well: it goes on with a run whose schedule has ended"
  end
  if settings.batch > settings.data:count() then
    core.fail_usage(("train: batch: expected at most %d, the examples of the data set, got %d"):format(settings.data:count(),
      settings.batch))
  end
  add_guard(settings, given)
  settings.seed = settings.seed or tensor.seed()
  settings.out = settings.out or out
  return settings
end

--- Fails for unknown and for missing keys.
function settings_of.check(given)
  check.keys("train", given, KEYS)
  options.check()
  check.required("train", given, REQUIRED)
end

-- Settings that a resumed run may change freely: what is written, and when.
local PACE = { "checkpoint_every", "sample_every", "log_every", "score_every", "score_samples" }

--- The settings as checkpoints store them: numbers and texts.
function settings_of.describe(settings)
  local described = { optimizer = settings.optimizer.phases or settings.optimizer.base }
  for key in pairs(settings_of.defaults) do
    described[key] = settings[key]
  end
  described.resume, described.extend = nil, nil
  for _, key in ipairs(PACE) do
    described[key] = nil
  end
  described.seed, described.minutes, described.guard = settings.seed, settings.minutes, settings.guard
  described.from = settings.from
  return described
end

--- The same with all settings, as settings.json has them.
function settings_of.describe_all(settings)
  local described = settings_of.describe(settings)
  for _, key in ipairs(PACE) do
    described[key] = settings[key]
  end
  described.out, described.samples = settings.out, settings.samples
  return described
end

-- The settings of one optimizer, completed by those for all.
local function completed(settings, own)
  local whole = { clip = settings.clip, ema = settings.ema }
  for key, value in pairs(own) do
    whole[key] = value
  end
  return whole
end

--- The settings of core.trainer.
function settings_of.trainer(settings)
  local whole = completed(settings, settings.optimizer.base)
  whole.batch, whole.seed, whole.phases = settings.batch, settings.seed, {}
  for name, own in pairs(settings.optimizer.phases or {}) do
    whole.phases[name] = completed(settings, own)
  end
  return whole
end

--- Does any of these optimisers keep a moving average?
function settings_of.keeps_average(trained)
  for _, own in pairs(trained.phases) do
    if own.ema > 0 then
      return true
    end
  end
  return next(trained.phases) == nil and trained.ema > 0
end

return settings_of
