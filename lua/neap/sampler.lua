--- Samplers: a component, perhaps a guidance, and the call that draws pictures.
local core = require "neap.core"
local check = require "neap.check"
local config = require "neap.config"
local taught = require "neap.taught"
local tensor = require "neap.tensor"

local sampler = {}
sampler.__index = sampler
sampler.__name = "neap.sampler"

-- A grid's times as the text that a component takes, to the last bit: { 1, 0.5, 0 } is "1 0.5 0".
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

-- Given times are a grid of their own, beside which steps and shift would do nothing.
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

--- As neap.sampler.NAME { guidance = ..., parameters }; times may be a list of numbers. `texts` are parameters in the words
-- of a command line: { shift = "3" }.
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

function sampler.of(instance, guidance)
  if guidance ~= nil and not is_guidance(guidance) then
    core.fail_usage(("%s: guidance: expected a guidance like neap.guidance.cfg { w = 1 }"):format(instance:name()))
  end
  return setmetatable({ instance = instance, guidance = guidance }, sampler)
end

--- The one that draws from a model where nobody says.
function sampler.default(model)
  local name = model:offers "generate" and not model:offers "velocity" and "latent" or "euler"
  return sampler.of(core.component("sampler", name, {}))
end

function sampler:__tostring()
  return tostring(self.instance)
end

--- The same with some parameters changed, or the guidance; `texts` as in sampler.new.
function sampler:with(settings, texts)
  if type(settings) ~= "table" then
    core.fail_usage(("with: expected one table of settings, got %s"):format(type(settings)))
  end
  local own = config.of(self.instance)
  local times = (texts or {}).times or settings.times or own.times
  if times and times ~= "" then
    own.steps, own.shift = nil, nil -- which do nothing beside them
  end
  for key, value in pairs(settings) do
    own[key] = value
  end
  if own.guidance == nil then
    own.guidance = self.guidance
  end
  return sampler.new(self.instance:name(), own, texts)
end

--- The times that its steps walk from one time to another, both included; nil where it has no grid of times. Fails where
-- its times are no such list.
function sampler:times(from, to)
  local own = config.of(self.instance)
  if math.type(own.steps) ~= "integer" or (own.times or "") == "" and not own.shift then
    return nil
  end
  return core.grid_times(own.steps, own.shift or 1, own.times or "", from, to)
end

-- "each": the classes in turn, as rows of equal length where n is a multiple of their number.
local function each(n, classes)
  local labels, row = {}, n % classes == 0 and n // classes or 1
  for i = 0, n - 1 do
    labels[i + 1] = i // row % classes
  end
  return labels
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

--- Labels as numbers for n samples: nil, "each", one label, or a list of them; a label is a number or a name.
function sampler.labels(labels, n, classes, names)
  if labels == nil or (labels == "each" and classes == 0) then
    return nil
  elseif classes == 0 then
    core.fail_usage("label: the model is unconditional")
  elseif labels == "each" then
    return each(n, classes)
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

-- A picture or mask for every sample: [n, H, W, C], or one [H, W, C] for all.
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

-- What core.sample takes as it stands.
local PLAIN = { "batch", "watch", "level", "invert" }
local KEYS = {
  "n", "labels", "names", "seed", "noise", "picture", "keep", "mixture", "condition", table.unpack(PLAIN),
}

-- Axes of what there is one of for each sample; a picture may have fewer, and serves all.
local AXES = { noise = 2, picture = 4, mixture = 2 }

-- As many as there are noises, pictures or mixtures to draw from, unless n says how many.
local function count_of(settings)
  local n = settings.n
  for _, key in ipairs { "noise", "picture", "mixture" } do
    local x = settings[key]
    if n == nil and type(x) == "userdata" and core.methods.shape(x)[AXES[key]] then
      n = core.methods.shape(x)[1]
    end
  end
  n = n or 1
  if math.type(n) ~= "integer" or n < 1 then
    core.fail_usage(("sample: n: expected a whole number from 1, got %s"):format(tostring(n)))
  end
  return n
end

-- A guidance away from the null condition has nothing to do where the model takes none.
local function guidance_for(guidance, spec)
  local conditional = spec.classes > 0 or spec.text or spec.tokens or spec.pooled or spec.picture
  return guidance and (conditional or not core.guidance_uses_null(guidance)) and guidance or nil
end

-- The tensors by kind: those given, and labels as numbers or as weights.
local function condition_of(settings, labels)
  local condition = {}
  if type(settings.condition or condition) ~= "table" then
    core.fail_usage(("sample: condition: expected a table of tensors by kind, got %s"):format(type(settings.condition)))
  end
  for kind, x in pairs(settings.condition or {}) do
    condition[kind] = x
  end
  if (labels and 1 or 0) + (settings.mixture and 1 or 0) + (condition.labels and 1 or 0) > 1 then
    core.fail_usage "sample: expected labels or a mixture, got both"
  end
  condition.labels = labels and core.tensor(labels, "i32") or settings.mixture or condition.labels
  return condition
end

--- sampler:sample(model, { n, labels, names, seed, batch, watch, ... }) -> f32 [n, H, W, C] in the data's range, and how
-- many evaluations of the network a sample took. watch(step, steps, t, x) is called with the noise of each batch, as step
-- 0 of 0, and after each step; steps is 0 where a sampler chooses them on its way, and t is then the time of the sample
-- farthest behind. Also:
--   noise = [n, H, W, C]               in place of noise drawn by the seed; [n, latent] for a generator
--   picture =, level = 0.6             begin at t = level from the picture with as much noise: picture to picture
--   picture =, keep = [n, H, W, 1]     draw anew what `keep` does not keep: inpainting
--   picture =, invert = true           walk up from the picture to its noise
--   mixture = neap.morph(...)          weights of classes in place of labels
--   condition = { picture = ... }      more that the model takes, as tensors of n rows by kind
-- One picture or mask [H, W, C] serves all samples.
function sampler:sample(model, settings)
  settings = settings or {}
  check.keys("sample", settings, KEYS)
  if type(model) ~= "userdata" then
    core.fail("sample: expected a model, got " .. type(model))
  end
  local n, classes = count_of(settings), model:spec().classes
  local labels = sampler.labels(settings.labels, n, classes, settings.names)
  local sampling = {
    sampler = self.instance, count = n, guidance = guidance_for(self.guidance, model:spec()),
    seed = settings.seed or tensor.seed(), condition = condition_of(settings, labels),
    noise = settings.noise, picture = for_each(settings.picture, n), keep = for_each(settings.keep, n),
  }
  for _, key in ipairs(PLAIN) do
    sampling[key] = settings[key]
  end
  taught.check(model, sampling.guidance, sampling.condition.labels)
  return core.sample(model, sampling)
end

return sampler
