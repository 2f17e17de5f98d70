#!/bin/sh
# An autoencoder's pictures are reconstructions: the grid of its training, `neap sample` and `neap eval` show and score what it
# makes of pictures that it was not trained on.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

cat >vae.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { samples = 11, sampler = "none", size = 8, test = true, ema = 0 }
local data = neap.dataset.shapes { size = o.size, count = 40 }
neap.train {
  model = neap.architecture.vae_gan {
    rows = o.size, columns = o.size, factor = 2, width = 4, groups = 2, latent = 2, d_layers = 1, d_width = 4,
  },
  data = data, objective = neap.objective.vae_gan { adversarial = 0.1, g_start = 2, g_ramp = 0 },
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, precision = "fp32", batch = 4, steps = 6, log_every = 1, sample_every = 4,
  ema = o.ema, samples = o.samples, sampler = o.sampler ~= "none" and neap.sampler[o.sampler] {} or nil,
}
RECIPE
expect_like 0 "*" neap run vae.lua
holds "a grid during training" test -s runs/vae/samples-000004.png
holds "and at its end" test -s runs/vae/samples.png
holds "with its curves" test -s runs/vae/curves.png
for name in reconstruction psnr ssim kl kl_1 dead_channels adversarial_weight real_logit fake_logit loss_discriminator; do
    holds "the metric $name" grep -q "\"$name\": " runs/vae/metrics.jsonl
done

# --- Pictures ----------------------------------------------------------------------------------------------------------

expect 0 "" neap sample runs/vae -n 11 -o grid.png --raw pair.npy
cat >look.lua <<'RECIPE'
local neap, core = require "neap", require "neap.core"
local run = neap.checkpoint.load "runs/vae"
local pair = neap.npy.load "pair.npy"
local x, made = pair:slice(0, 0, 11), pair:slice(0, 11, 22)
local source = core.source((core.dataset_part(core.component("dataset", "shapes", { size = 8, count = 40 }), "test", 1, 11)))
print("held out", (x - source:batch(1, 11, 0)):abs():max():item())
local moments = run.model:encode(x)
local again = run.model:decode(moments:slice(3, 0, 2):contiguous()):clamp(-1, 1)
print("of the means", (made - again):abs():max():item() < 1e-6, (made - x):abs():max():item() > 0.1)
local rows = { x:slice(0, 0, 8), made:slice(0, 0, 8), x:slice(0, 8, 11), neap.full({ 5, 8, 8, 1 }, -1), made:slice(0, 8, 11),
  neap.full({ 5, 8, 8, 1 }, -1) }
neap.image.save("again.png", neap.image.grid(neap.concat(rows, 0), { columns = 8, scale = 8 }))
local function same(path) return (neap.image.load(path) - neap.image.load "again.png"):abs():max():item() end
print("grids", same "grid.png", same "runs/vae/samples.png")
RECIPE
expect_like 0 "" neap run look.lua
same_text "originals above reconstructions, of examples that are not in the training data" "held out	0.0
of the means	true	true
grids	0.0	0.0" "$(cat stdout)"
expect 0 "" neap sample runs/vae -n 11 --seed 1 --batch 3 --raw other.npy
holds "another seed, other examples" test "$(cksum <other.npy)" != "$(cksum <pair.npy)"
expect 0 "" neap sample runs/vae -n 11 --batch 3 --threads 1 --raw batches.npy
holds "no batch matters" cmp -s pair.npy batches.npy
expect 0 "" neap sample runs/vae -n 1000 --raw all.npy
holds "a generated data set draws as many as are asked for" grep -aq "(2000, 8, 8, 1)" all.npy
cat >picture.lua <<'RECIPE'
local neap = require "neap"
neap.image.save("one.png", neap.full({ 8, 8, 1 }, 0.2))
neap.image.save("wide.png", neap.full({ 8, 9, 1 }, 0.2))
RECIPE
expect 0 "" neap run picture.lua
expect 0 "" neap sample runs/vae --image one.png --raw one.npy
holds "a picture and its reconstruction" grep -aq "(2, 8, 8, 1)" one.npy
expect 0 "" neap sample runs/vae --sampler latent -n 3 --raw prior.npy
holds "samples of the prior where a sampler is named" grep -aq "(3, 8, 8, 1)" prior.npy
expect_like 0 "*" neap run vae.lua out=runs/prior sampler=latent
expect 0 "" neap sample runs/prior -n 3 --raw prior.npy
holds "or was by the recipe" grep -aq "(3, 8, 8, 1)" prior.npy
expect_like 0 "*" neap run vae.lua out=runs/average ema=0.9
holds "with averaged weights" test -s runs/average/samples.png

# --- Scores ------------------------------------------------------------------------------------------------------------

cat >judge.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.vit { rows = 8, columns = 8, classes = 10, patch = 4, width = 8, depth = 1, heads = 2 },
  data = neap.dataset.shapes { size = 8 }, objective = neap.objective.classification {},
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, precision = "fp32", batch = 8, steps = 2,
}
RECIPE
expect_like 0 "*" neap run judge.lua
rows() {
    sed 1d stdout | awk '{ printf "%s%s", sep, $1; sep = " " }'
}
expect 0 "" neap eval runs/vae -n 50 --raw made.npy --json scores.json
same_text "scores of reconstructions" "psnr ssim l1 gradient_energy" "$(rows)"
same_text "which values are better" "higher higher lower near 1" \
    "$(sed 1d stdout | awk '{ printf "%s%s", sep, $0 ~ /near 1$/ ? "near 1" : $NF; sep = " " }')"
cat >score.lua <<'RECIPE'
local neap, core = require "neap", require "neap.core"
local source = core.source((core.dataset_part(core.component("dataset", "shapes", { size = 8, count = 40 }), "test", 1, 50)))
local x, made = source:batch(1, 50, 0), neap.npy.load "made.npy"
for _, row in ipairs(require("neap.evaluate.fidelity").score(x, made)) do
  print(("%s %.4g"):format(row.name, row.value))
end
RECIPE
cp stdout table
expect_like 0 "" neap run score.lua
same_text "of the held-out examples and what --raw keeps" "$(cat stdout)" "$(sed 1d table | awk '{ print $1, $2 }')"
expect 0 "" neap eval runs/vae -n 50 --evaluator runs/judge/checkpoint.safetensors --resamples 3
same_text "and with an evaluator" "psnr ssim l1 gradient_energy frechet" "$(rows)"
expect 0 "" neap eval runs/vae -n 50 --evaluator runs/judge/checkpoint.safetensors --resamples 0 --metric kernel --precision bf16
same_text "by other metrics" "psnr ssim l1 gradient_energy kernel" "$(rows)"
expect 0 "" neap eval runs/vae -n 50 --sampler latent --evaluator runs/judge/checkpoint.safetensors --resamples 0 --metric frechet
same_text "samples of the prior are scored as any samples" "frechet" "$(rows)"

# --- Refused -----------------------------------------------------------------------------------------------------------

what=": the run is an autoencoder, whose pictures are reconstructions; --sampler latent draws samples"
for option in "--steps 3" "--w 1" "--label 3" "--level 0.5 --image one.png" "--film film.png" "--interpolate 3" "steps=3"; do
    case $option in *=*) name=steps= ;; *) name=${option%% *} ;; esac
    # shellcheck disable=SC2086
    expect 2 "neap: sample: $name has no effect$what" neap sample runs/vae $option
done
for option in "--steps 3" "--labels 3" "--cas"; do
    # shellcheck disable=SC2086
    expect 2 "neap: eval: ${option%% *} has no effect$what" neap eval runs/vae $option
done
expect 2 "neap: eval: --metric needs --evaluator for reconstructions" neap eval runs/vae --metric frechet
expect_like 1 "neap: wide.png: expected a picture of 8 by 8, got 8 by 9" neap sample runs/vae --image wide.png
expect_like 2 "neap: vae.lua:*: train: samples: expected at most *" neap run vae.lua out=runs/none samples=10000 size=1024
holds "what is refused leaves nothing" absent runs/none samples.png film.png
finish
