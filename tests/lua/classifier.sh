#!/bin/sh
# Classifiers: trained like any network but without samples, exported, loaded and asked; and the one that comes with the
# project.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
recipes=$NEAP_SOURCE/recipes

# --- A run of its own -------------------------------------------------------------------------------------------------

cat >shapes.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { classes = 10, labels = true }
neap.train {
  model = neap.architecture.vit {
    rows = 16, columns = 16, channels = 1, classes = o.classes, stem = 8, width = 16, depth = 1, heads = 2,
  },
  data = neap.dataset.shapes { size = 16, count = 4000, labels = o.labels },
  objective = neap.objective.classification { label_smoothing = 0.1, flip = true, shift = 1 },
  optimizer = neap.optimizer.adamw { lr = 1e-2 },
  precision = "fp32", batch = 32, steps = 200, decay = "cosine", ema = 0.9, log_every = 100, sample_every = 50,
}
RECIPE

# All of what the exported weights must say: the same as the checkpoint, features of the width, and mostly the truth.
# Chance is a tenth; the training pictures are drawn, so others of another seed are test pictures.
cat >ask.lua <<'RECIPE'
local neap = require "neap"
neap.checkpoint.export("runs/shapes/checkpoint.safetensors", "evaluator.safetensors")
local loaded = neap.checkpoint.load "evaluator.safetensors"
local x, labels = neap.dataset.shapes { size = 16, seed = 99, count = 500 }:batch(1, 500)
local logits = neap.no_grad(loaded.model.classify, loaded.model, x)
local again = neap.checkpoint.load("runs/shapes/checkpoint.safetensors").model:classify(x)
local right = neap.ge(neap.gather(logits, labels:reshape(-1, 1), 1), logits:max(1, true))
print(#loaded.labels, loaded.step, table.concat(loaded.model:features(x):shape(), "x"))
print("the same", (logits - again):abs():max():item() == 0)
print("above half", neap.cast(right, "f32"):mean():item() > 0.5)
RECIPE

expect_like 0 "${machine}vit: * parameters, * at the peak, * s a step, 200 steps in about *" neap run shapes.lua
same_text "no picture is promised" "runs/shapes: step 200, loss N
runs/shapes/checkpoint.safetensors
runs/shapes/report.html" "$(sed 's/loss [0-9.]*$/loss N/' stdout)"
same_text "and none is drawn" "checkpoint.safetensors metrics.jsonl recipe.lua report.html settings.json" \
    "$(cd runs/shapes && echo *)"
holds "the accuracy is told" grep -q '^{"accuracy": 0\.[0-9]*, .*"step": 200}$' runs/shapes/metrics.jsonl
expect 0 "" neap run ask.lua
same_text "what the exported weights say" "10	200	500x16
the same	true
above half	true" "$(cat stdout)"
holds "averages and moments stay behind" test "$(wc -c <evaluator.safetensors)" -lt \
    $(($(wc -c <runs/shapes/checkpoint.safetensors) / 3))
expect 1 "neap: euler needs 'velocity'; vit offers 'features', 'classify'" neap sample evaluator.safetensors

expect 1 "neap: shapes.lua:3: vit: expects 7 classes; the data set has 10" neap run shapes.lua classes=7 out=other
expect 1 "neap: shapes.lua:3: vit: takes 'labels'; the data set 'shapes' provides nothing" neap run shapes.lua labels=false out=other
holds "a run that cannot begin leaves no trace" absent other
expect_like 1 "neap: ask.lua:*: runs/shapes/checkpoint.safetensors: *No such file or directory" \
    sh -c 'rm runs/shapes/checkpoint.safetensors; exec "$NEAP_SOURCE/neap" run ask.lua'

# --- The one that comes with the project ------------------------------------------------------------------------------

weights=$recipes/evaluator_fashion.safetensors
# An instrumented build, which has its plugins linked in, would take many minutes to say the same.
if [ -d /usr/share/datasets/fashion-mnist ] && [ -e "$NEAP_BUILD/plugins/architecture/.libs/vit.so" ]; then
    expect 0 "" neap run "$recipes/evaluator_fashion.lua" weights="$weights"
    holds "at least 925 of 1000 test pictures are named rightly" test \
        "$(sed -n 's/^accuracy on 10000 test pictures: \([0-9]*\)\.\([0-9]\).*/\1\2/p' stdout)" -ge 925
    expect_like 0 "${machine}vit: *" neap run "$recipes/evaluator_fashion.lua" steps=2 batch=4 width=16 depth=1 heads=2 stem=4
    same_text "the recipe as it stands" "runs/evaluator_fashion: step 2, loss N
runs/evaluator_fashion/checkpoint.safetensors
runs/evaluator_fashion/report.html
runs/evaluator_fashion/evaluator.safetensors
accuracy on 10000 test pictures: N%" "$(sed 's/loss [0-9.]*$/loss N/; s/[0-9.]*%$/N%/' stdout)"
fi
finish
