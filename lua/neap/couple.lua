--- Pairs of noise and sample of a trained model, for neap.objective.reflow; neap.dataset.coupled reads the file (Liu et al. 2022,
-- Flow Straight and Fast).
local core = require "neap.core"
local check = require "neap.check"
local conditions = require "neap.evaluate.conditions"
local output = require "neap.output"
local prompt = require "neap.prompt"
local rule = require "neap.rule"
local setting = require "neap.setting"
local sampler = require "neap.sampler"
local tensor = require "neap.tensor"

local LABELS = { kind = "labels", read = function(value) return value end } -- sampler.labels reads them
local SETTINGS = {
  { "model", rule.thing("neap.model", "a model"), "Trained model of pictures.", required = true },
  { "sampler", rule.thing("neap.sampler", "a sampler"), "Draws the samples, with its guidance.", required = true },
  { "n", rule.whole(1), "Number of pairs.", required = true },
  { "path", rule.text "a path", "The file, which ends in .safetensors.", required = true },
  { "seed", rule.whole(0), "Seed of the noise.", usual = "that of neap.seed" },
  { "labels", LABELS, "\"each\", one label or a list of labels.", default = "each" },
}
local KEYS, RULES, REQUIRED = setting.declare("neap.couple", SETTINGS), setting.rules(SETTINGS), setting.required(SETTINGS)

local function settings_of(given)
  check.keys("couple", given, KEYS)
  check.required("couple", given, REQUIRED)
  local own = setting.defaults(SETTINGS)
  own.seed = tensor.seed()
  for key, value in pairs(given) do
    own[key] = rule.read("couple: " .. key, RULES[key], value)
  end
  output.check("couple: path", own.path, { "safetensors" })
  return own
end

--- neap.couple { model, sampler, n, path, seed, labels = "each" }: writes n samples and their noise to a .safetensors file and
-- returns its path. The noise is that of the sampler for this seed: sample i of the file is sample i of sampler:sample(model,
-- { n, seed, labels }). The samples are made with the sampler's guidance.
local function couple(given)
  local own = settings_of(given)
  local spec = own.model:spec()
  if own.model:autoencoder() then
    core.fail_usage "couple: expected a model of pictures, got one that works in the latents of an autoencoder"
  end
  if conditions.needed(spec) then
    core.fail_usage(("couple: expected a model that takes labels alone, got one that takes %s: the file has no others"):format(
      prompt.kinds(spec)))
  end
  local labels = sampler.labels(own.labels, own.n, spec.classes)
  local noise = core.sample_noise(own.seed, 0, own.model:noise_shape(own.n))
  local x = own.sampler:sample(own.model, { n = own.n, seed = own.seed, labels = labels, noise = noise })
  local tensors, metadata = { { "x", x }, { "noise", noise } }, {}
  if labels then
    tensors[3] = { "labels", core.tensor(labels, "i32") }
    metadata[1] = { "classes", tostring(spec.classes) }
  end
  core.safetensors_save(own.path, tensors, metadata)
  return own.path
end

return couple
