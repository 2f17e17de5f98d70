#!/bin/sh
# GANs: training, resuming to the byte, sampling; reported metrics, and refused settings.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

cat >gan.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { style = "dcgan", loss = "non_saturating", width = 8, classes = true, rate = 1e-3, d_steps = 2 }
neap.train {
  model = neap.architecture.gan {
    style = o.style, rows = 8, columns = 8, width = o.width, latent = 4, classes = o.classes and 10 or 0,
  },
  data = neap.dataset.shapes { size = 8 },
  objective = neap.objective.adversarial { loss = o.loss, d_steps = o.d_steps, r1 = 0.1, every = 2 },
  optimizer = {
    discriminator = neap.optimizer.adamw { lr = o.rate, beta1 = 0.5 },
    generator = neap.optimizer.adamw { lr = o.rate, beta1 = 0.5, ema = 0.9 },
  },
  sampler = neap.sampler.latent {}, precision = "fp32", batch = 4, steps = 12, log_every = 1,
}
RECIPE

# --- Trained, and gone on with ----------------------------------------------------------------------------------------

for style in mlp dcgan resnet; do
    expect_like 0 "${machine}gan: * parameters, * at the peak, * s a step, 12 steps in about *" \
        neap run gan.lua style=$style out=whole/$style
    same_text "$style: what it prints" "whole/$style: step 12, loss N
whole/$style/checkpoint.safetensors
whole/$style/samples.png
whole/$style/curves.png
whole/$style/report.html" "$(sed 's/loss [-0-9.]*$/loss N/' stdout)"
    neap run gan.lua style=$style steps=5 out=parts/$style >/dev/null 2>&1
    expect_like 0 "${machine}resumed at step 5 from *" neap run gan.lua style=$style resume=true out=parts/$style
    holds "$style: to the byte" cmp whole/$style/checkpoint.safetensors parts/$style/checkpoint.safetensors
done
for column in loss_generator gradient_norm gradient_norm_generator real_accuracy fake_accuracy margin lr_generator; do
    same_text "a row of metrics tells $column" 12 "$(grep -c "\"$column\": " whole/dcgan/metrics.jsonl)"
done
same_text "penalties are told when they are taken" 6 "$(grep -c '"r1": ' whole/dcgan/metrics.jsonl)"

cat >ring.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.gan { style = "mlp", rows = 1, columns = 1, channels = 2, width = 8, latent = 4 },
  data = neap.dataset.toy2d { shape = "gaussians8", labels = false }, objective = neap.objective.adversarial {},
  optimizer = neap.optimizer.adamw { ema = 0.9 }, sampler = neap.sampler.latent {}, precision = "fp32", batch = 8, steps = 6, log_every = 1,
  score_samples = 50,
}
RECIPE
expect_like 0 "${machine}gan: *" neap run ring.lua score_every=3
same_text "scores of what it draws on its way" "3 6" \
    "$(sed -n 's/.*"sliced_wasserstein": [0-9.]*, "step": \([0-9]*\)}/\1/p' runs/ring/metrics.jsonl | tr '\n' ' ' | sed 's/ $//')"
expect_like 0 "${machine}gan: *" neap run ring.lua out=unscored
sed 's/log_every = 1,/log_every = 4,/' ring.lua >seldom.lua
expect_like 0 "${machine}gan: *" neap run seldom.lua score_every=3
same_text "scores stand in a row of their own step" "3 6" \
    "$(sed -n 's/.*"sliced_wasserstein": [0-9.]*, "step": \([0-9]*\)}/\1/p' runs/seldom/metrics.jsonl | tr '\n' ' ' | sed 's/ $//')"
same_text "beside the usual ones" "3 4 6" \
    "$(sed -n 's/.*"step": \([0-9]*\)}/\1/p' runs/seldom/metrics.jsonl | tr '\n' ' ' | sed 's/ $//')"
holds "scoring changes nothing that is learned" cmp runs/ring/checkpoint.safetensors unscored/checkpoint.safetensors

# The layout of PyTorch: [out, in, rows, columns].
holds "a convolution's weight in the file" grep -aq '"discriminator.down.0.weight":{"dtype":"F32","shape":\[8,1,4,4\]' \
    whole/dcgan/checkpoint.safetensors
holds "running statistics, too" grep -aq '"generator.project_norm.running_var":{' whole/dcgan/checkpoint.safetensors
holds "the generator's average" grep -aq '"ema.generator.up.0.weight":{' whole/dcgan/checkpoint.safetensors
same_text "none of the discriminator" "" "$(grep -ao '"ema.discriminator[a-z0-9._]*"' whole/dcgan/checkpoint.safetensors)"

# --- Drawn from -------------------------------------------------------------------------------------------------------

expect 0 "" neap sample whole/dcgan -n 4 --raw a.npy
expect 0 "" neap sample whole/dcgan -n 4 --batch 1 --raw b.npy
holds "a picture does not depend on its batch" cmp a.npy b.npy
expect 0 "" neap sample whole/dcgan -n 4 --label 3 --raw c.npy
holds "labels are heard" test "$(cksum <a.npy)" != "$(cksum <c.npy)"
expect 0 "" neap sample whole/dcgan -n 4 truncation=0.5 --raw d.npy
holds "so is the truncation" test "$(cksum <a.npy)" != "$(cksum <d.npy)"
expect 0 "" neap sample whole/dcgan -n 3 --label 2 --interpolate 7 --raw between.npy
expect 0 "" neap sample whole/dcgan -n 1 --label 2 --seed 7 --raw end.npy
holds "what lies between two latents ends with the other" \
    test "$(tail -c 256 between.npy | cksum)" = "$(tail -c 256 end.npy | cksum)"
cat >eight.lua <<'RECIPE'
local neap = require "neap"
neap.image.save("eight.png", neap.zeros(8, 8, 1))
RECIPE
expect 0 "" neap run eight.lua
expect_like 1 "neap: sample: latent draws from latents: it takes no picture, level, keep or inversion" \
    neap sample whole/dcgan --image eight.png --level 0.5
expect_like 1 "neap: *euler needs 'velocity'; gan offers 'generate', 'discriminate'" neap sample whole/dcgan --sampler euler

# --- Refused, and saved from ruin -------------------------------------------------------------------------------------

expect_like 2 "neap: gan.lua:*: adversarial: d_steps: expected 1 to 1000, got 0" neap run gan.lua d_steps=0
expect_like 2 "neap: gan.lua:*: adversarial: loss: expected one of 'minimax', *, got text 'hing'" neap run gan.lua loss=hing
expect_like 1 "${machine}neap: gan.lua:*: *gan: batch_norm: expected a batch of at least 2, got 1*" neap run gan.lua batch=1
holds "nothing was begun" absent runs/gan
sed 's/generator = neap.optimizer/critic = neap.optimizer/' gan.lua >phases.lua
expect_like 1 "neap: phases.lua:*: train: optimizer: adversarial has no phase 'critic'; it has 'discriminator', 'generator'" \
    neap run phases.lua

sed '/generator = neap.optimizer/d' gan.lua >alone.lua
expect_like 1 "neap: alone.lua:*: train: optimizer: adversarial has the phases 'discriminator', 'generator'; expected one for \
each, got none for 'generator'" neap run alone.lua
expect_like 1 "neap: gan.lua:*: train: resume: adversarial: loss: the run began with \"non_saturating\", got \"hinge\"" \
    neap run gan.lua loss=hinge steps=13 resume=true out=whole/dcgan
sed 's/optimizer.adamw { lr = o.rate, beta1 = 0.5, ema/optimizer.sgd { lr = o.rate, ema/' gan.lua >sgd.lua
sed 's/ema = 0.9/ema = 0.5/' gan.lua >ema.lua
expect_like 1 "neap: gan.lua:*: train: resume: gan: width: the run began with 8, got 16" \
    neap run gan.lua width=16 steps=13 resume=true out=whole/dcgan

sed 's/shapes { size = 8 }/shapes { size = 8, seed = 5 }/' gan.lua >other.lua
expect_like 1 "neap: other.lua:*: train: resume: shapes: seed: the run began with 0, got 5" \
    neap run other.lua steps=13 resume=true out=whole/dcgan
sed 's/shapes { size = 8 }/stacked { of = neap.dataset.shapes { size = 8, seed = o.d_steps }, count = 50 }/
    s/o.classes and 10 or 0/o.classes and 1000 or 0, channels = 3/' gan.lua >nested.lua
expect_like 0 "*" neap run nested.lua steps=2 d_steps=1 style=mlp
sed 's/seed = o.d_steps/seed = 7/' nested.lua >inner.lua
expect_like 1 "neap: inner.lua:*: train: resume: shapes: seed: the run began with 1, got 7" \
    neap run inner.lua steps=3 d_steps=1 style=mlp resume=true out=runs/nested
expect_like 1 "neap: sgd.lua:*: train: resume: generator: kind: the run began with adamw, got sgd" \
    neap run sgd.lua steps=13 resume=true out=whole/dcgan
expect_like 1 "neap: ema.lua:*: train: resume: generator: ema: the run began with 0.9, got 0.5" \
    neap run ema.lua steps=13 resume=true out=whole/dcgan

# Samplers: one that draws from the model where nobody says, and none that does not.
cat >plain.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { sampler = "" }
neap.train {
  model = neap.architecture.gan { rows = 8, columns = 8, width = 8, latent = 4 }, data = neap.dataset.shapes { size = 8, labels = false },
  objective = neap.objective.adversarial {}, optimizer = neap.optimizer.adamw {}, precision = "fp32", batch = 4, steps = 2,
  sampler = o.sampler ~= "" and neap.sampler[o.sampler] {} or nil, score_samples = 3,
}
RECIPE
expect_like 0 "${machine}gan: *" neap run plain.lua
holds "drawn by latent" test -s runs/plain/samples.png
expect 0 "" neap sample runs/plain -n 2 --raw plain.npy
expect_like 1 "neap: plain.lua:*: euler needs 'velocity'; gan offers 'generate', 'discriminate'" neap run plain.lua sampler=euler out=no
expect_like 2 "neap: plain.lua:*: train: score_samples: expected at least 4 pictures, got 3" neap run plain.lua score_every=1 out=no
expect 2 "neap: sample: --film: latent samples in one step; there are no steps to show" \
    neap sample runs/plain --film film.png
expect 2 "neap: unknown option '--n'; did you mean '-n'?" neap sample runs/plain --n 4
holds "nothing of it is there" absent no film.png

# At such a rate all is lost within some steps.
expect_like 1 "*train: step *" neap run gan.lua rate=1e30 out=lost
sed 's/log_every = 1,/log_every = 1, rollback = 2,/' gan.lua >saved.lua
expect_like 1 "*rolled back to step 0, at 0.5 of the rate*rolled back to step 0, at 0.25 of the rate*train: step *" \
    neap run saved.lua rate=1e30 out=saved

# A run that is spoilt once goes on from the last good state, and tells of each step once.
cat >spoilt.lua <<'RECIPE'
local neap = require "neap"
local model = neap.architecture.gan { style = "mlp", rows = 1, columns = 1, channels = 2, width = 8, latent = 4 }
local spoilt = false
neap.train {
  model = model, data = neap.dataset.toy2d { shape = "gaussians8", labels = false },
  objective = neap.objective.adversarial {}, optimizer = neap.optimizer.adamw { lr = 1e-3 },
  sampler = neap.sampler.latent {}, precision = "fp32", batch = 8, steps = 205, log_every = 1, rollback = 1,
  on_step = function(step)
    if step == 203 and not spoilt then
      local weight = model:parameters()[1][2]
      weight:assign(neap.full(weight:shape(), 0 / 0))
      spoilt = true
    end
  end,
}
RECIPE
expect_like 0 "*train: step 204: *rolled back to step 200, at 0.5 of the rate*" neap run spoilt.lua
same_text "each step once" "$(seq 205)" "$(sed 's/.*"step": \([0-9]*\).*/\1/' runs/spoilt/metrics.jsonl)"
same_text "at half the rate" "0.001 0.0005" \
    "$(sed -n 's/.*"lr": \([0-9.e-]*\),.*"step": \(200\|201\).*/\1/p' runs/spoilt/metrics.jsonl | tr '\n' ' ' | sed 's/ $//')"
sed -i 's/spoilt = false/spoilt = true/; s/steps = 205/steps = 207/' spoilt.lua
expect_like 0 "*${machine}resumed at step 205*" neap run spoilt.lua resume=true
same_text "at half of it later, too" 0.0005 "$(sed -n 's/.*"lr": \([0-9.e-]*\),.*"step": 207.*/\1/p' runs/spoilt/metrics.jsonl)"
finish
