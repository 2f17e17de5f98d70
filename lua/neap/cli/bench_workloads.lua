--- The workloads of `neap bench`: { settings = defaults, begin = function(settings) -> operations, step, traffic }, where `step`
-- does one step and `operations` counts the multiplications and additions of its matrix products. `traffic` is for work that
-- the speed of memory limits: { array = bytes of the array that is copied for comparison, moved = bytes that a step must
-- read and write }.
local core = require "neap.core"
local tensor = require "neap.tensor"

local CLASSES, TOKENS_A_ROW = 10, 256
local TEXT_WIDTH = 128

-- --- Diffusion transformers -------------------------------------------------------------------------------------------

local function new_model(s)
  local joint = s.conditioning == "joint"
  return core.network(core.component("architecture", joint and "mmdit" or "dit", {
    size = s.size, channels = s.channels, patch = s.patch, width = s.dim, depth = s.depth, heads = s.heads, classes = CLASSES,
    conditioning = not joint and s.conditioning or nil, text = s.text, text_width = TEXT_WIDTH, text_depth = s.text_depth,
  }), 0)
end

-- Operations of one forward pass of the text encoder for one text, with the embedding of its pooled vector.
local function text_work(s)
  local tokens, w = s.text + 1, TEXT_WIDTH
  return s.text > 0 and s.text_depth * (2 * tokens * 12 * w * w + 4 * tokens * tokens * w) + 2 * (w * s.dim + s.dim * s.dim) or 0
end

-- Of cross-attention in all blocks, without modulation: q and the last layer of each picture token, k and v of each text token.
local function cross_work(s)
  local tokens, texts, d = (s.size // s.patch) ^ 2, s.text + 1, s.dim
  return s.depth * (4 * tokens * d * d + 4 * texts * d * d + 4 * tokens * texts * d) + 2 * texts * (TEXT_WIDTH * d + d * d)
end

-- Of the text in all joint blocks and their attention: it has layers of its own, but for the last block keys and values alone.
local function joint_work(s)
  local tokens, texts, d = (s.size // s.patch) ^ 2, s.text + 1, s.dim
  local moving = 2 * texts * 12 * d * d + 4 * texts * (2 * tokens + texts) * d + 12 * d * d
  local last = 4 * texts * d * d + 4 * tokens * texts * d + 4 * d * d
  return (s.depth - 1) * moving + last + 2 * texts * TEXT_WIDTH * d
end

local CONTEXT_WORK = { cross = cross_work, joint = joint_work }

-- Operations of one forward pass of one picture. With cross-attention, the modulations of all blocks share one layer.
local function forward_work(s)
  local tokens, d, pixels, cross = (s.size // s.patch) ^ 2, s.dim, s.patch ^ 2 * s.channels, s.conditioning == "cross"
  local blocks = s.depth * (2 * tokens * 12 * d * d + 4 * tokens * tokens * d)
  local modulation = cross and 12 * d * d or 12 * s.depth * d * d + 4 * d * d
  return blocks + modulation + 4 * tokens * pixels * d + 2 * (256 * d + d * d) + text_work(s) +
    (CONTEXT_WORK[s.conditioning] and CONTEXT_WORK[s.conditioning](s) or 0)
end

local function gemm(s)
  local x = core.random("normal", 0, 1, 0, { s.batch * TOKENS_A_ROW, s.dim })
  local weight = core.random("normal", 0, 2, 0, { 4 * s.dim, s.dim })
  local bias = core.full({ 4 * s.dim }, 0)
  return 8 * s.batch * TOKENS_A_ROW * s.dim * s.dim, function()
    core.ops.linear(x, weight, bias):close()
  end
end

local function dit_train(s)
  core.bench_data()
  local data = core.source(core.component("dataset", "random", {
    size = s.size, channels = s.channels, classes = CLASSES, text = s.text, count = s.batch,
  }))
  local objective = core.component("objective", "flow_matching", { label_dropout = 0 })
  local settings = { batch = s.batch, seed = 0, lr = 1e-4, weight_decay = 0.01 }
  local trainer = core.trainer(new_model(s), data, objective, settings)
  local number = 0
  return 3 * s.batch * forward_work(s), function()
    number = number + 1
    trainer:step(number, 1)
  end
end

local function dit_sample(s)
  local model, labels = new_model(s), {}
  for i = 1, s.batch do
    labels[i] = i % CLASSES
  end
  local sampling = {
    sampler = core.component("sampler", "euler", { steps = 1 }),
    guidance = core.component("guidance", "cfg", { w = 1.5 }),
    count = s.batch, batch = s.batch, seed = 0, labels = labels,
  }
  return 2 * s.batch * forward_work(s), function()
    core.sample(model, sampling):close()
  end
end

-- --- Convolutions -----------------------------------------------------------------------------------------------------

-- One of the three products of a convolution from `width` channels to as many, on pictures of `size` pixels a side.
local function convolution(s, run)
  local window = { stride = s.stride, padding = (s.kernel - 1) // 2 }
  local x = core.random("normal", 0, 1, 0, { s.batch, s.size, s.size, s.width })
  local weight = core.random("normal", 0, 2, 0, { s.width, s.kernel, s.kernel, s.width })
  local y = core.ops.conv2d(x, weight, window)
  local pixels = y:shape()[1] * y:shape()[2] * y:shape()[3]
  return 2 * pixels * s.width ^ 2 * s.kernel ^ 2, function()
    run(x, weight, y, window):close()
  end
end

local function conv(s)
  return convolution(s, function(x, weight, _, window)
    return core.ops.conv2d(x, weight, window)
  end)
end

local function conv_data(s)
  return convolution(s, function(_, weight, y, window)
    return core.ops.conv2d_transpose(y, weight, { stride = window.stride, padding = window.padding, size = { s.size, s.size } })
  end)
end

local function conv_weight(s)
  return convolution(s, function(x, _, y, window)
    return core.ops.conv2d_weight(x, y, { stride = window.stride, padding = window.padding, size = { s.kernel, s.kernel } })
  end)
end

-- --- Normalisation ----------------------------------------------------------------------------------------------------

-- The pool keeps the pages of freed tensors up to a quarter of the bytes in use. With more in use than the work itself needs, a
-- result gets the pages of the one before it, and no step waits for the system to clear new ones.
local function ballast(x)
  local kept = {}
  for i = 1, 4 do
    kept[i] = core.full(x:shape(), 0)
  end
  return kept
end

-- Group norm with SiLU on pictures of `size` pixels a side. begin(x, run) gives the number of arrays that a step reads or
-- writes, and the step. The rate of memory shows where x is larger than the caches, as with batch = 512.
local function normalisation(s, begin)
  local x = core.random("normal", 0, 1, 0, { s.batch, s.size, s.size, s.width }):require_grad()
  local scale, shift = core.full({ s.width }, 1), core.full({ s.width }, 0)
  local bytes = 4 * s.batch * s.size * s.size * s.width
  local arrays, step = begin(x, function()
    return core.ops.group_norm_silu(x, scale, shift, s.groups)
  end)
  return 0, step, { array = bytes, moved = arrays * bytes, ballast = ballast(x) }
end

local function group_norm(s)
  return normalisation(s, function(_, run)
    return 2, function()
      tensor.no_grad(run):close()
    end
  end)
end

local function group_norm_gradient(s)
  return normalisation(s, function(x, run)
    local y, seed = run(), core.random("normal", 0, 2, 0, x:shape())
    return 3, function()
      x:clear_grad()
      y:backward(seed, { keep_graph = true })
    end
  end)
end

-- --- Generative adversarial networks ------------------------------------------------------------------------------------

-- Operations of all 4x4 convolutions of stride 2, each between `low` x `low` pixels of `wide` channels and twice the side with
-- `narrow` channels.
local function stages_work(s)
  local work, low, wide = 0, 4, s.width * s.size // 8
  while low < s.size do
    local narrow = 2 * low == s.size and s.channels or wide // 2
    work, low, wide = work + 2 * low ^ 2 * 16 * wide * narrow, 2 * low, narrow
  end
  return work
end

-- A trainer of pictures of random numbers, as a step.
local function picture_training(s, architecture, objective, settings)
  core.bench_data()
  local data = core.source(core.component("dataset", "random", {
    size = s.size, channels = s.channels, classes = 0, count = s.batch,
  }))
  settings.batch, settings.seed = s.batch, 0
  local trainer = core.trainer(core.network(architecture, 0), data, objective, settings)
  local number = 0
  return function()
    number = number + 1
    trainer:step(number, 1)
  end
end

-- One GAN step: the discriminator on real pictures and on fakes, then the generator.
local function dcgan_train(s)
  local architecture = core.component("architecture", "gan", {
    style = "dcgan", rows = s.size, columns = s.size, channels = s.channels, width = s.width,
  })
  local step = picture_training(s, architecture, core.component("objective", "adversarial", {}), { lr = 2e-4, beta1 = 0.5 })
  -- Generator and discriminator have the same stages. Forward passes: generator 1, discriminator 3. Backward passes to inputs
  -- and weights: generator 1, discriminator 2, each twice the work of a forward pass. To inputs alone: discriminator 1.
  return s.batch * (4 + 6 + 1) * stages_work(s), step
end

-- --- Autoencoders -----------------------------------------------------------------------------------------------------

local LATENT, D_WIDTH = 4, 32

-- Operations of a forward pass of encoder and decoder: `width` channels at three resolutions, each with one residual block in the
-- encoder and two in the decoder, two more on each side at the lowest, and a convolution at each change of resolution.
local function autoencoder_work(s)
  local pixels, w = s.size ^ 2, s.width
  local blocks = 2 * (3 * pixels + 3 * pixels / 4 + 7 * pixels / 16)
  local changes = pixels / 4 + pixels / 16 + pixels + pixels / 4
  local ends = 2 * s.channels * pixels + 3 * LATENT * pixels / 16
  return 2 * 9 * w * ((blocks + changes) * w + ends)
end

-- Operations of a forward pass of the patch discriminator.
local function patch_work(s)
  local half, d = s.size // 2, D_WIDTH
  local convs = half ^ 2 * s.channels * d + (half // 2) ^ 2 * 2 * d * d + (half // 2 - 1) ^ 2 * 8 * d * d
  return 2 * 16 * (convs + (half // 2 - 2) ^ 2 * 4 * d)
end

-- One VAE-GAN step: encoder and decoder, then the discriminator. The network of the PyTorch benchmark has more channels at low
-- resolutions and fewer blocks. Millions of operations of a forward pass of one picture at the default settings, counted by
-- PyTorch and here: autoencoder 753.3 and 758.2, discriminator 18.6 and 18.0.
local function vaegan_train(s)
  local architecture = core.component("architecture", "vae_gan", {
    style = "kl", rows = s.size, columns = s.size, channels = s.channels, width = s.width, growth = "1,1,1", factor = 4,
    latent = LATENT, attention = false, quant = false, d_width = D_WIDTH, d_layers = 2,
  })
  local objective = core.component("objective", "vae_gan", { adversarial = 0.1, g_start = 1, g_ramp = 0 })
  local step = picture_training(s, architecture, objective, { lr = 1e-4, beta1 = 0.5, beta2 = 0.9 })
  -- The autoencoder's phase runs the discriminator on reconstructions, with a backward pass to inputs alone; its own phase
  -- runs it on reconstructions and on real pictures.
  return s.batch * (3 * autoencoder_work(s) + 8 * patch_work(s)), step
end

local DIT = { size = 32, channels = 4, patch = 2, dim = 384, depth = 12, heads = 6, text = 0, text_depth = 2,
  conditioning = "adaln" }
local CONVOLUTION = { size = 32, width = 64, kernel = 3, stride = 1 }
local NORMALISATION = { size = 32, width = 64, groups = 32 }

return {
  ["gemm"] = { settings = { dim = 384 }, begin = gemm },
  ["dit-train"] = { settings = DIT, begin = dit_train },
  ["dit-sample"] = { settings = DIT, begin = dit_sample },
  ["conv"] = { settings = CONVOLUTION, begin = conv },
  ["conv-data"] = { settings = CONVOLUTION, begin = conv_data },
  ["conv-weight"] = { settings = CONVOLUTION, begin = conv_weight },
  ["group-norm"] = { settings = NORMALISATION, begin = group_norm },
  ["group-norm-gradient"] = { settings = NORMALISATION, begin = group_norm_gradient },
  ["dcgan-train"] = { settings = { size = 32, channels = 1, width = 64 }, begin = dcgan_train },
  ["vaegan-train"] = { settings = { size = 32, channels = 3, width = 64 }, begin = vaegan_train },
}
