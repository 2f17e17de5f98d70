--- Samplers: a component, an optional guidance, and the call that samples.
local core = require "neap.core"
local check = require "neap.check"
local setting = require "neap.setting"
local conditioning = require "neap.conditioning"
local config = require "neap.config"
local prompt = require "neap.prompt"
local tensor = require "neap.tensor"

local sampler = {}
sampler.__index = sampler
sampler.__name = "neap.sampler"

-- The text of a list of times, exact to the last bit: { 1, 0.5, 0 } gives "1 0.5 0".
local function times_text(name, times)
  local words = {}
  for i, t in ipairs(times) do
    if math.type(t) == nil then
      core.fail_usage(("%s: times: expected numbers, got %s"):format(name, type(t)))
    end
    words[i] = ("%.17g"):format(t)
  end
  if #words == 0 then
    core.fail_usage(("%s: times: expected numbers from 1 down to 0, got none"):format(name))
  end
  return table.concat(words, " ")
end

-- A list of times replaces steps and shift, which would have no effect beside it.
local function check_times(made, settings, texts)
  local times = config.of(made.instance).times
  if type(times) ~= "string" or times == "" then
    return
  end
  made:times(1, 0)
  for _, key in ipairs { "steps", "shift" } do
    if settings[key] ~= nil or texts[key] ~= nil then
      core.fail_usage(("%s: %s: has no effect beside times; leave it out, or take the times away by times="):format(
        made.instance:name(), key))
    end
  end
end

--- Makes the sampler of neap.sampler.NAME { guidance = ..., parameters }; times may be a list of numbers. `texts` are
-- parameters as text from a command line: { shift = "3" }.
function sampler.new(name, settings, texts)
  local own = {}
  for key, value in pairs(settings) do
    own[key] = value
  end
  own.guidance = nil
  if type(own.times) == "table" then
    own.times = times_text(name, own.times)
  end
  local result = sampler.of(core.component("sampler", name, own, texts), settings.guidance)
  check_times(result, settings, texts or {})
  return result
end

local function is_guidance(value)
  local meta = type(value) == "userdata" and getmetatable(value)
  return meta and meta.__name == "neap.component" and value:kind() == "guidance"
end

--- A sampler of two components; guidance may be nil.
function sampler.of(instance, guidance)
  if guidance ~= nil and not is_guidance(guidance) then
    core.fail_usage(("%s: guidance: expected a guidance like neap.guidance.cfg { w = 1 }"):format(instance:name()))
  end
  return setmetatable({ instance = instance, guidance = guidance }, sampler)
end

--- The default sampler of a model.
function sampler.default(model)
  local name = model:offers "generate" and not model:offers "velocity" and "latent" or "euler"
  return sampler.of(core.component("sampler", name, {}))
end

function sampler:__tostring()
  return tostring(self.instance)
end

--- A copy with some parameters or the guidance changed; `texts` as in sampler.new.
function sampler:with(settings, texts)
  if type(settings) ~= "table" then
    core.fail_usage(("with: expected one table of settings, got %s"):format(type(settings)))
  end
  local own = config.of(self.instance)
  local times = (texts or {}).times or settings.times or own.times
  if times and times ~= "" then
    own.steps, own.shift = nil, nil -- they have no effect beside times
  end
  for key, value in pairs(settings) do
    own[key] = value
  end
  if own.guidance == nil then
    own.guidance = self.guidance
  end
  return sampler.new(self.instance:name(), own, texts)
end

--- The times of the sampler's steps between two times, both included; nil when it has no grid of times. Fails when its
-- list of times is not valid.
function sampler:times(from, to)
  local own = config.of(self.instance)
  if math.type(own.steps) ~= "integer" or (own.times or "") == "" and not own.shift then
    return nil
  end
  return core.grid_times(own.steps, own.shift or 1, own.times or "", from, to)
end

local function number_of(label, classes, names)
  local number = math.tointeger(tonumber(label))
  for i, name in ipairs(names or {}) do
    if name == label then
      number = i - 1
    end
  end
  if number and number >= 0 and number < classes then
    return number
  end
  local nearest = names and core.nearest(tostring(label), names)
  core.fail_usage(("label: expected 0 to %d%s, got '%s'%s"):format(classes - 1, names and " or a name" or "", label,
    nearest and ("; did you mean '%s'?"):format(nearest) or ""))
end

--- The labels of n samples as a list of numbers, or nil. `labels` is nil, "each", one label or a list of labels; a label
-- is a number or a name.
function sampler.labels(labels, n, classes, names)
  if labels == nil or (labels == "each" and classes == 0) then
    return nil
  elseif classes == 0 then
    core.fail_usage("label: the model is unconditional")
  elseif labels == "each" then
    return prompt.repeated(classes, n)
  end
  if type(labels) == "table" and #labels ~= n then
    core.fail_usage(("labels: expected %d, got %d"):format(n, #labels))
  end
  local result = {}
  for i = 1, n do
    local label = labels
    if type(labels) == "table" then
      label = labels[i]
    end
    result[i] = number_of(label, classes, names)
  end
  return result
end

-- Expands one picture or mask [H, W, C] to [n, H, W, C]; returns anything else unchanged.
local function for_each(x, n)
  if x == nil or type(x) ~= "userdata" then
    return x
  end
  local shape = core.methods.shape(x)
  if #shape ~= 3 then
    return x
  end
  local one = core.ops.reshape(x, { 1, table.unpack(shape) })
  return core.ops.contiguous(core.ops.expand(one, { n, table.unpack(shape) }))
end

-- Settings that core.sample takes unchanged.
local PLAIN = { "batch", "watch", "level", "invert" }
local KEYS = setting.declare("sampler:sample", {
  { "n", "a whole number from 1", "Number of samples.", usual = "one for each noise, picture or text, or 1" },
  { "labels", "labels", "\"each\", one label for all or a list of n; a label is a number from 0 or a name.", usual = "none" },
  { "names", "a list of texts", "Names of labels.", usual = "none" },
  { "text", "text or a list of them", "Texts, which are repeated as labels are.", usual = "none" },
  { "negative", "text or a list of them", "Guidance leads away from it.", usual = "the null condition" },
  { "condition", "{ kind = tensor }", "Other kinds of condition, tensors of n rows.", usual = "none" },
  { "mixture", "a tensor [n, classes + 1]", "Weights of classes in place of labels; see neap.morph.", usual = "none" },
  { "seed", "a whole number from 0", "Seed of the noise.", usual = "that of neap.seed" },
  { "noise", "a tensor [n, H, W, C]", "In place of noise drawn by the seed; [n, latent] for a generator.", usual = "none" },
  { "picture", "a tensor [H, W, C] or [n, H, W, C]", "Where sampling starts: image to image, or inpainting.", usual = "none" },
  { "level", "a number above 0 and below 1", "Time at which sampling starts from the picture.", usual = "none" },
  { "keep", "a tensor [n, H, W, 1]", "Mask of the picture; pixels at 0 are drawn anew.", usual = "none" },
  { "invert", "true or false", "Integrates from the picture up to its noise.", default = false },
  { "batch", "a whole number from 1", "Samples drawn at a time.", default = 64 },
  { "watch", "a function", "Called as watch(step, steps, t, x) with the noise, as step 0 of 0, and after each step.",
    usual = "none" },
})

-- The first of these axes is the sample. A picture with fewer axes is used for all samples.
local AXES = { noise = 2, picture = 4, mixture = 2 }

-- The number of samples: n, or the rows of noise, picture or mixture, or the texts.
local function count_of(settings)
  local n = settings.n
  for _, key in ipairs { "noise", "picture", "mixture" } do
    local x = settings[key]
    if n == nil and type(x) == "userdata" and core.methods.shape(x)[AXES[key]] then
      n = core.methods.shape(x)[1]
    end
  end
  n = n or settings.text and math.max(1, prompt.count(settings.text)) or 1
  if math.type(n) ~= "integer" or n < 1 then
    core.fail_usage(("sample: n: expected a whole number from 1, got %s"):format(tostring(n)))
  end
  return n
end

--- Does a guidance have an effect on a network of this spec? Without conditions there is nothing to guide away from.
function sampler.guides(guidance, spec)
  return prompt.conditional(spec) or core.guidance_compares(guidance)
end

-- The guidance, or nil where its weight is 0 and the network takes no condition; fails for another one of such a network.
local function guidance_for(guidance, model, spec)
  if not guidance or sampler.guides(guidance, spec) then
    return guidance
  elseif core.guidance_uses_null(guidance) then
    core.fail_usage(("sample: guidance: %s has no effect: %s takes no condition to guide away from; leave it out"):format(
      guidance:name(), model:component():name()))
  end
end

-- A copy of a condition with other texts.
local function with_text(condition, texts)
  local own = { text = texts.text, lengths = texts.lengths }
  for kind, x in pairs(condition) do
    own[kind] = own[kind] or x
  end
  return own
end

local function with_labels(condition, settings, labels)
  if (labels and 1 or 0) + (settings.mixture and 1 or 0) + (condition.labels and 1 or 0) > 1 then
    core.fail_usage "sample: expected labels or a mixture, got both"
  end
  condition.labels = labels and core.tensor(labels, "i32") or settings.mixture or condition.labels
  return condition
end

-- The condition as tensors by kind: those given, the text, and labels as numbers or weights.
local function condition_of(settings, labels, n, model)
  local condition = {}
  if type(settings.condition or condition) ~= "table" then
    core.fail_usage(("sample: condition: expected a table of tensors by kind, got %s"):format(type(settings.condition)))
  end
  for kind, x in pairs(settings.condition or {}) do
    condition[kind] = x
  end
  if settings.text ~= nil and (condition.text or condition.tokens) then
    core.fail_usage "sample: expected text or a condition with text, got both"
  elseif settings.text ~= nil then
    condition = with_text(condition, prompt.texts("sample: text", settings.text, n, model:spec(), model:component():name()))
  end
  return with_labels(condition, settings, labels)
end

-- What guidance leads away from: the sample's own condition under the negative text; nil for null rows.
local function negative_of(settings, condition, n, model)
  if settings.negative == nil then
    return nil
  end
  return with_text(condition, prompt.texts("sample: negative", settings.negative, n, model:spec(), model:component():name()))
end

--- Fails for labels of a model without classes that takes something else.
function sampler.check_labels(labels, spec)
  if labels ~= nil and labels ~= "each" and spec.classes == 0 and prompt.conditional(spec) then
    core.fail_usage(("label: the model has no classes; it takes %s"):format(prompt.kinds(spec)))
  end
end

--- sampler:sample(model, { n, labels, names, seed, batch, watch, ... }) -> f32 [n, H, W, C] in the range of the data, the
-- number of network evaluations per sample, and the seconds that decoding latents took. watch(step, steps, t, x) is called
-- with the noise of each batch, as step 0 of 0, and after each step. An adaptive sampler passes steps = 0 and the time of
-- the sample that is farthest behind.
-- Also:
--   noise = [n, H, W, C]               in place of noise drawn by the seed; [n, latent] for a generator
--   picture =, level = 0.6             image to image: start at t = level from the picture with as much noise
--   picture =, keep = [n, H, W, 1]     inpainting: draw anew the pixels where `keep` is 0
--   picture =, invert = true           integrate from the picture up to its noise
--   mixture = neap.morph(...)          weights of classes in place of labels
--   text = "red heart"                 a text, or a list of texts that is repeated as labels are; n is their number by default
--   negative = "face"                  text or list: the guidance leads away from it, in place of the null condition
--   condition = { picture = ... }      other kinds of condition, as tensors of n rows
-- One picture or mask [H, W, C] is used for all samples.
function sampler:sample(model, settings)
  settings = settings or {}
  check.keys("sample", settings, KEYS)
  if type(model) ~= "userdata" then
    core.fail("sample: expected a model, got " .. type(model))
  end
  local n, spec = count_of(settings), model:spec()
  sampler.check_labels(settings.labels, spec)
  local labels = sampler.labels(settings.labels, n, spec.classes, settings.names)
  local condition = condition_of(settings, labels, n, model)
  local guidance = guidance_for(self.guidance, model, spec)
  local sampling = {
    sampler = self.instance, count = n, guidance = guidance, seed = settings.seed or tensor.seed(), condition = condition,
    negative = negative_of(settings, condition, n, model),
    noise = settings.noise, picture = for_each(settings.picture, n), keep = for_each(settings.keep, n),
  }
  for _, key in ipairs(PLAIN) do
    sampling[key] = settings[key]
  end
  conditioning.check(model, guidance, condition)
  return core.sample(model, sampling)
end

return sampler
