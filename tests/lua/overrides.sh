#!/bin/sh
# model.width=256 and its like on the command line: parameters of a recipe's components, of each kind; what reaches nothing is refused
# before the work.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes

# --- What is reached --------------------------------------------------------------------------------------------------

expect_like 0 "${machine}dit: *" neap run shapes.lua steps=2 model.width=24 data.count=40 objective.times=logit_normal \
    optimizer.lr=0.25 optimizer.beta1=0.5 sampler.steps=2 guidance.w=3
file=runs/shapes/checkpoint.safetensors
for pair in '\"width\": 24' '\"count\": 40' '\"times\": \"logit_normal\"' '\"lr\": 0.25' '\"beta1\": 0.5' \
    '\"steps\": 2' '\"w\": 3'; do
    holds "$pair is in the checkpoint" grep -aqF "$pair" $file
done
holds "the overrides are stored" grep -qF '"overrides": {"data.count": "40", "guidance.w": "3", "model.width": "24", '`
    `'"objective.times": "logit_normal", "optimizer.beta1": "0.5", "optimizer.lr": "0.25", "sampler.steps": "2", "steps": "2"}' \
    runs/shapes/settings.json
holds "metrics have the rate" grep -q '"lr": 0.25,' runs/shapes/metrics.jsonl

# A component inside another, and all of a kind.
cat >inner.lua <<'RECIPE'
local neap = require "neap"
local inner = neap.dataset.shapes { size = 8 }
local outer = neap.dataset.stacked { of = inner:component(), count = 30 }
print(outer:spec().height, outer:count(), neap.sampler.euler { steps = 9 }, neap.sampler.heun { steps = 9 })
RECIPE
expect 0 "" neap run inner.lua data.size=12 sampler.steps=3
same_text "the data set inside, and both samplers" "12 30 3 3" "$(
    sed 's/[a-z]* {[^}]*"steps":\([0-9]*\)[^}]*}/\1/g' stdout | tr '\t' ' ')"

# One phase of several.
cat >gan.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.gan { style = "mlp", rows = 1, columns = 1, channels = 2, latent = 4, width = 8, depth = 1 },
  data = neap.dataset.toy2d { labels = false }, objective = neap.objective.adversarial {},
  optimizer = { discriminator = neap.optimizer.adamw { lr = 1e-3 }, generator = neap.optimizer.adamw { lr = 1e-3 } },
  precision = "fp32", batch = 8, steps = 2,
}
RECIPE
expect_like 0 "${machine}gan: *" neap run gan.lua optimizer.generator.lr=0.5 optimizer.beta1=0.25
holds "the rate of one phase, and a setting of both" grep -qF '"discriminator": {"beta1": 0.25, "kind": "adamw", "lr": 0.001}, '`
    `'"generator": {"beta1": 0.25, "kind": "adamw", "lr": 0.5}' runs/gan/settings.json

# A group that the recipe declares is its own.
cat >own.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { model = { hidden = 4 } }
print(o.model.hidden, neap.architecture.mlp { hidden = 2 * o.model.hidden }:size() == neap.architecture.mlp { hidden = 10 }:size())
RECIPE
expect 0 "" neap run own.lua model.hidden=5
same_text "the recipe's own group" "5 true" "$(tr '\t' ' ' <stdout)"

# --- A resume ---------------------------------------------------------------------------------------------------------

neap run points.lua steps=6 out=whole model.hidden=24 optimizer.lr=0.02 >/dev/null 2>&1
neap run points.lua steps=3 out=half model.hidden=24 optimizer.lr=0.02 >/dev/null 2>&1
expect_like 0 "*resumed at step 3*" neap run points.lua steps=6 out=half model.hidden=24 optimizer.lr=0.02 resume=true
holds "the same bits" cmp whole/checkpoint.safetensors half/checkpoint.safetensors
refused 1 points "train: resume: mlp: hidden: the run began with 24, got 16" steps=8 out=half resume=true optimizer.lr=0.02
refused 1 points "train: resume: optimizer: lr: the run began with 0.02, got 0.001; extend=true goes on with a new schedule" \
    steps=8 out=half resume=true model.hidden=24

# --- What is refused --------------------------------------------------------------------------------------------------

# wrong STATUS MESSAGE KEY=VALUE...: nothing is trained.
wrong() {
    wrong_status=$1
    wrong_message=$2
    shift 2
    expect "$wrong_status" "neap: $wrong_message" neap run points.lua out=none "$@"
    holds "no run is left: $*" absent none
}
wrong 2 "points.lua:2: model.hiden: no architecture has a parameter 'hiden'; did you mean 'hidden'?" model.hiden=3
wrong 2 "points.lua:2: optimizer.lrr: no optimizer has a parameter 'lrr'; did you mean 'lr'?" optimizer.lrr=3
wrong 2 "points.lua:2: unknown key 'modle.hidden'; did you mean 'model.hidden'?" modle.hidden=3
wrong 2 "points.lua:2: unknown key 'wavelength.x'; expected one of batch, checkpoint_every, extend, hidden, labels, lr, minutes, out,\
 precision, resume, sample_every, score_every, seed, shape, steps, threads" wavelength.x=3
wrong 2 "points.lua:3: model.heads: mlp has no parameter 'heads'" model.heads=3
wrong 2 "points.lua:3: optimizer.momentum: adamw has no parameter 'momentum'" optimizer.momentum=0.5
wrong 2 "points.lua:3: optimizer.generator.lr: adamw has no parameter 'generator.lr'" optimizer.generator.lr=0.5
wrong 2 "points.lua:4: mlp: hidden: expected a whole number, got text 'many'" model.hidden=many
wrong 2 "points.lua:4: mlp: hidden: expected 1 to 65536, got 0" model.hidden=0
wrong 2 "points.lua:7: optimizer.lr: expected a number, got 'fast'" optimizer.lr=fast
wrong 2 "points.lua:7: adamw: lr: expected a number above 0, got -1" optimizer.lr=-1
expect_like 2 "*neap: sampler.steps: has no effect: the recipe makes no sampler" neap run points.lua sampler.steps=3
expect_like 2 "*neap: guidance.phi: cfg has no parameter 'phi'" neap run shapes.lua guidance.phi=0.5 steps=1

# In a loop of the recipe's own: before its first step.
cat >loop.lua <<'RECIPE'
local neap = require "neap"
local w = neap.ones(1):require_grad()
local optimizer = neap.optimizer.sgd { params = { w } }
w:sum():backward()
optimizer:step()
print "stepped"
RECIPE
expect 0 "" neap run loop.lua optimizer.lr=0.5
expect 2 "neap: loop.lua:5: model.width: has no effect: the recipe makes no architecture" neap run loop.lua model.width=3
same_text "no step was taken" "" "$(cat stdout)"
finish
