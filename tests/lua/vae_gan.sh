#!/bin/sh
# A VAE-GAN and a flow in its latents: draws from the prior, a flow's checkpoint without the discriminator, bad settings.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

cat >vae.lua <<'LUA'
local neap = require "neap"
local o = neap.options { layers = 1, batch = 4, growth = "1,2" }
neap.train {
  model = neap.architecture.vae_gan {
    rows = 8, columns = 8, factor = 2, width = 8, growth = o.growth, groups = 4, d_layers = o.layers, d_width = 8,
  },
  data = neap.dataset.shapes { size = 8, count = 40 }, objective = neap.objective.vae_gan { g_start = 2, g_ramp = 1 },
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, batch = o.batch, steps = 4, precision = "fp32",
}
LUA
cat >flow.lua <<'LUA'
local neap = require "neap"
local o = neap.options { steps = 4 }
neap.train {
  model = neap.architecture.dit { size = 4, channels = 4, patch = 1, width = 16, heads = 2, depth = 1 },
  autoencoder = "runs/vae", data = neap.dataset.shapes { size = 8, count = 40 }, objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, sampler = neap.sampler.euler { steps = 2 }, batch = 4, steps = o.steps,
  precision = "fp32",
}
LUA
expect_like 0 "*" neap run vae.lua out=runs/vae

# --- The prior ---------------------------------------------------------------------------------------------------------

expect 0 "" neap sample runs/vae --sampler latent -n 3 --seed 5 --raw drawn.npy
cat >prior.lua <<'LUA'
local neap, core = require "neap", require "neap.core"
local model, drawn = neap.checkpoint.load("runs/vae").model, neap.npy.load "drawn.npy"
local z = core.sample_noise(5, 0, model:noise_shape(3))
print(table.concat(z:shape(), " "), table.concat(drawn:shape(), " "), (model:decode(z):clamp(-1, 1) - drawn):abs():max():item() < 1e-5)
LUA
expect_like 0 "" neap run prior.lua
same_text "samples are decoded draws from N(0, I)" "3 4 4 4	3 8 8 1	true" "$(cat stdout)"

# --- A flow in its latents ---------------------------------------------------------------------------------------------

expect_like 0 "*" neap run flow.lua out=runs/flow
expect_like 0 "*" neap run flow.lua out=runs/flow steps=6 resume=true
expect_like 0 "2 samples in * s, *% of it decoding" neap sample runs/flow -n 2 -o samples.png
cat >kept.lua <<'LUA'
local neap = require "neap"
local whole, kept = neap.checkpoint.load("runs/vae").model, neap.checkpoint.load("runs/flow").model:autoencoder()
local equal, left = true, 0
for _, entry in ipairs(whole:parameters()) do
  local own, name = kept:parameter(entry[1]), entry[1]
  if name:find "^discriminator%." then
    left = left + (own and 0 or 1)
  elseif not name:find "^latents%." then -- whose statistics a flow may measure
    equal = equal and own ~= nil and (own - entry[2]):abs():max():item() == 0
  end
end
print(equal, left > 0 and not kept:parameter "discriminator.main.0.weight", kept:offers "discriminate", whole:offers "discriminate")
LUA
expect_like 0 "" neap run kept.lua
same_text "a flow holds encoder and decoder to the bit, and no discriminator" "true	true	false	true" "$(cat stdout)"

# --- What is refused before the work -------------------------------------------------------------------------------------

expect_like 1 "neap: vae.lua:4: vae_gan: d_layers: expected at most 1 for pictures of 8 by 8*got 2" \
    neap run vae.lua layers=2 out=runs/x
expect_like 1 "neap: vae.lua:4: vae_gan: growth: expected 2 whole numbers from 1 to 64*got '1,two'" \
    neap run vae.lua growth=1,two out=runs/x
expect_like 1 "*vae_gan: discriminator: batch norm: expected a batch of at least 2 in training, got 1; d_norm = *" \
    neap run vae.lua batch=1 out=runs/x
holds "nothing is left of a run that did not begin" test ! -e runs/x/checkpoint.safetensors
finish
