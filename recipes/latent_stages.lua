-- What the recipes of latent diffusion share: its options and its stages (Rombach et al. 2022). Not a recipe of its own.
--
--   vae       a variational autoencoder with a small KL weight; its reconstructions are blurred
--   vae_gan   starts from its weights and adds a discriminator; reconstructions.png has rows of originals, and below each the
--             reconstructions of both autoencoders
--   encode    writes the moments of all pictures to a file that the next stage reads by memory map
--   flow      a diffusion transformer in these latents
--
-- A second call skips stages that are done and resumes one that was interrupted. `only=flow` runs one stage, `minutes=` is
-- divided among all, `resume=false` begins anew; lua/neap/stages.lua describes these keys.
local neap = require "neap"

local latent = {}

local whole = neap.whole
local OPTIONS = {
  only = "", minutes = 60,
  factor = 4, latent = 4, -- latents have 1/factor of the height and width of pictures, and `latent` channels
  width = 32, growth = "", blocks = 1, groups = 8, attention = false, -- the autoencoder; growth: see neap help vae_gan
  d_layers = 2, d_width = 64, d_norm = "group", -- the discriminator
  distance = "l2", kl = 1e-6, adversarial = 0.01, g_start = 300, g_ramp = 300,
  vae_lr = 2e-3, gan_lr = 5e-4, d_lr = 3e-4, vae_beta2 = 0.99, vae_ema = 0.998,
  vae_batch = whole(4), vae_steps = whole(100000), -- many small steps do more for reconstructions than few large ones
  conditional = true, -- on classes, if the data set has them
  patch = 2, dit_width = 192, depth = 8, heads = 6, -- the transformer
  lr = 1e-3, ema = 0.999, label_dropout = 0.1, flow_batch = whole(16), flow_steps = whole(100000),
  shift = 1, w = 1, sampler_steps = 50, -- shift: above 1, more times near the noise
  columns = whole(8), -- pictures in a row of reconstructions.png
}

--- The options of a recipe: its own, and those above with the defaults that it gives in place of these.
function latent.options(own)
  return neap.options(own, OPTIONS)
end

-- --- Models -----------------------------------------------------------------------------------------------------------

local function autoencoder(o, spec, discriminator)
  return neap.architecture.vae_gan {
    rows = spec.height, columns = spec.width, channels = spec.channels, factor = o.factor, latent = o.latent,
    width = o.width, growth = o.growth, blocks = o.blocks, groups = o.groups, attention = o.attention,
    discriminator = discriminator, d_layers = o.d_layers, d_width = o.d_width, d_norm = o.d_norm,
  }
end

-- A transformer for latents of `rows` by `columns`, conditional on the classes of `spec`.
local function transformer(o, rows, columns, spec)
  return neap.architecture.dit {
    rows = rows, columns = columns, channels = o.latent, classes = o.conditional and spec.classes or 0,
    patch = o.patch, width = o.dit_width, depth = o.depth, heads = o.heads,
  }
end

-- --- Stages -----------------------------------------------------------------------------------------------------------

-- The settings of a stage without its model, data and folder. The checks before the first stage make them, too.
local settings = {}

function settings.vae(o)
  return {
    objective = neap.objective.vae_gan { distance = o.distance, kl = o.kl, adversarial = 0 },
    optimizer = neap.optimizer.adamw { lr = o.vae_lr, beta2 = o.vae_beta2, ema = o.vae_ema },
    batch = o.vae_batch, steps = o.vae_steps, warmup = 100, decay = "cosine", clip = 1,
  }
end

function settings.vae_gan(o)
  if o.d_norm == "batch" and o.vae_batch == 1 then
    error("vae_batch: expected at least 2 with d_norm=batch, got 1; d_norm=group takes any batch", 0)
  end
  return {
    objective = neap.objective.vae_gan {
      distance = o.distance, kl = o.kl, adversarial = o.adversarial, g_start = o.g_start, g_ramp = o.g_ramp,
    },
    optimizer = {
      autoencoder = neap.optimizer.adamw { lr = o.gan_lr, beta1 = 0.5, beta2 = o.vae_beta2, ema = o.vae_ema },
      discriminator = neap.optimizer.adamw { lr = o.d_lr, beta1 = 0.5, beta2 = o.vae_beta2 },
    },
    batch = o.vae_batch, steps = o.vae_steps, warmup = 100, decay = "cosine", clip = 1,
  }
end

function settings.flow(o)
  return {
    objective = neap.objective.flow_matching { label_dropout = o.label_dropout, times = "logit_normal", shift = o.shift },
    optimizer = neap.optimizer.adamw { lr = o.lr, ema = o.ema },
    sampler = neap.sampler.euler { steps = o.sampler_steps, shift = o.shift, guidance = neap.guidance.cfg { w = o.w } },
    batch = o.flow_batch, steps = o.flow_steps, warmup = 100, decay = "cosine", clip = 1,
  }
end

--- The settings of the flow for neap.train, without its model, data and folder.
latent.flow_settings = settings.flow

-- Trains a stage by its settings; `more` has the others. `stage` is that of neap.stages: { out, minutes, resume }, and may
-- have a seed and a guard for neap.train.
local function train(name, o, stage, more)
  local all = settings[name](o)
  for key, value in pairs(more) do
    all[key] = value
  end
  all.out, all.minutes, all.resume, all.seed, all.guard = stage.out, stage.minutes, stage.resume, stage.seed, stage.guard
  return neap.train(all)
end

-- Rows of original pictures, and below each those of both autoencoders.
local function draw_reconstructions(o, data, before, stage)
  local x = neap.reconstruction.examples(data:component(), 2 * o.columns)
  local list = { x }
  for i, run in ipairs { before, stage.out } do
    list[i + 1] = neap.reconstruction.of(neap.checkpoint.load(run).model, x)
  end
  local path = stage.out .. "/reconstructions.png"
  neap.image.save(path, neap.image.grid(neap.reconstruction.rows(list, o.columns), { columns = o.columns }))
  print(path)
end

--- Trains a VAE.
function latent.train_vae(o, data, stage)
  return train("vae", o, stage, { model = autoencoder(o, data:spec(), false), data = data })
end

--- Trains a VAE-GAN from the VAE of the run `before`.
function latent.train_vae_gan(o, data, before, stage)
  local run = train("vae_gan", o, stage, { model = autoencoder(o, data:spec(), true), from = before, data = data })
  draw_reconstructions(o, data, before, stage)
  return run
end

-- The folder of another stage of the same run.
local function beside(stage, name)
  return stage.out:match "^(.*)/" .. "/" .. name
end

local function encoding(data, stage)
  local of = beside(stage, "vae_gan")
  return { autoencoder = of, data = data, path = of .. "/latents.safetensors" }
end

local function has_ended(stage)
  return neap.checkpoint.ended(stage.out .. "/checkpoint.safetensors")
end

-- A VAE-GAN that started from another VAE is not done, nor is a flow in the latents of another VAE-GAN: going on with one of
-- them is then refused.
local function vae_gan_is_done(stage)
  local before = beside(stage, "vae") .. "/checkpoint.safetensors"
  if not has_ended(stage) or neap.exists(before) ~= "file" then
    return has_ended(stage)
  end
  local from = neap.checkpoint.started_from(stage.out)
  return not from or neap.checkpoint.load(before).model:fingerprint() == from
end

local function flow_is_done(stage)
  if not has_ended(stage) then
    return false
  end
  local of = neap.checkpoint.load(beside(stage, "vae_gan")).model
  return neap.checkpoint.load(stage.out).model:autoencoder():fingerprint() == of:fingerprint()
end

--- Runs the stages on a data set of pictures. `shares` are those of the time: { vae, vae_gan, flow }. `network`, if given, makes
-- the network of the flow, called as `transformer` above.
function latent.run(o, data, shares, network)
  local spec = data:spec()
  local function flow()
    return (network or transformer)(o, spec.height // o.factor, spec.width // o.factor, spec)
  end
  return neap.stages {
    only = o.only, minutes = o.minutes,
    { name = "vae", share = shares[1], check = function()
      settings.vae(o)
      autoencoder(o, spec, false)
    end, run = function(stage)
      return latent.train_vae(o, data, stage)
    end },
    { name = "vae_gan", share = shares[2], done = vae_gan_is_done, check = function()
      settings.vae_gan(o)
      autoencoder(o, spec, true)
    end, run = function(stage)
      return latent.train_vae_gan(o, data, beside(stage, "vae"), stage)
    end },
    { name = "encode", share = 0, done = function(stage)
      return neap.exists(beside(stage, "vae_gan") .. "/checkpoint.safetensors") == "file" and neap.encoded(encoding(data, stage))
    end, run = function(stage)
      return neap.encode(encoding(data, stage))
    end },
    { name = "flow", share = shares[3], done = flow_is_done, check = function()
      settings.flow(o)
      flow():set_autoencoder(autoencoder(o, spec, false))
    end, run = function(stage)
      return train("flow", o, stage, {
        model = flow(), autoencoder = beside(stage, "vae_gan"),
        data = neap.dataset.latents { path = encoding(data, stage).path },
      })
    end },
  }
end

return latent
