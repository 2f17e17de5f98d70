#!/bin/sh
# A run whose guarded value rises goes back to an earlier state at half the rate, by the same steps when it was resumed; an
# objective may bring a guard of its own.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

# The last layer's bias is spoilt after step 420, at the first passes over it: the loss of later steps is some hundred times the
# usual one, and finite.
cat >flow.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { times = 1, guard = "loss", rollback = 2 }
local model = neap.architecture.mlp { hidden = 8, depth = 1, time_features = 4, classes = 0 }
local spoilt = 0
neap.train {
  model = model, data = neap.dataset.toy2d { labels = false }, objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.sgd { lr = 1e-3 }, precision = "fp32", batch = 8, steps = 500, log_every = 1, checkpoint_every = 0,
  rollback = o.rollback, guard = o.guard ~= "none" and { [o.guard] = 0.5 } or false,
  on_step = function(step)
    if step == 420 and spoilt < o.times then
      local bias = model:parameter "out.bias"
      bias:assign(neap.full(bias:shape(), 30))
      spoilt = spoilt + 1
    end
  end,
}
RECIPE
expect_like 0 "*train: loss rose to *, which is more than 1.5 times its least value, *rolled back to step 400, at 0.5 of the rate*" \
    neap run flow.lua out=whole
same_text "each step once" "$(seq 500)" "$(sed 's/.*"step": \([0-9]*\).*/\1/' whole/metrics.jsonl)"
same_text "at half the rate" "0.001 0.0005 0.0005" \
    "$(sed -n 's/.*"lr": \([0-9.e-]*\),.*"step": \(400\|401\|500\).*/\1/p' whole/metrics.jsonl | tr '\n' ' ' | sed 's/ $//')"
expect_like 0 "*" neap run flow.lua out=cut steps=400
expect_like 0 "*resumed at step 400*rolled back to step 400, at 0.5 of the rate*" neap run flow.lua out=cut steps=500 resume=true
cat >same.lua <<'RECIPE'
local neap = require "neap"
local a, b = neap.checkpoint.load "whole", neap.checkpoint.load "cut"
for i, entry in ipairs(a.model:parameters()) do
  print(entry[1], (entry[2] - b.model:parameters()[i][2]):abs():max():item())
end
RECIPE
expect_like 0 "" neap run same.lua
same_text "a resumed run goes back like one that was not stopped" "" "$(grep -v "[[:space:]]0.0$" stdout)"
holds "and all of it was compared" grep -q out.bias stdout

# Where it rises again and again, the run ends without a guard.
expect_like 0 "*rolled back to step 400, at 0.5 *rolled back to step 400, at 0.25 *train: loss rose *; no rollback is left: the run continues without its guard*" \
    neap run flow.lua out=always times=3
same_text "which is said once" 1 "$(printf '%s' "$stderr" | grep -c "no rollback is left")"
same_text "each step once, again" "$(seq 500)" "$(sed 's/.*"step": \([0-9]*\).*/\1/' always/metrics.jsonl)"
expect_like 0 "*" neap run flow.lua out=none guard=none rollback=0
holds "without a guard it is not noticed" test "$(printf '%s' "$stderr" | grep -c -e rose -e rolled)" = 0
expect_like 1 "${machine}mlp: *neap: flow.lua:*: train: guard: expected a value that each step reports, got 'los'; did you mean 'loss'?*" \
    neap run flow.lua out=typo guard=los
expect_like 2 "neap: flow.lua:*: train: guard: expected rollback from 1, got 0: *" neap run flow.lua out=typo rollback=0
sed 's/guard = o.guard.*/guard = { loss = 0 },/' flow.lua >zero.lua
expect_like 2 "neap: zero.lua:*: train: guard: expected false, or { value = share above 0, ... }, got *" neap run zero.lua out=typo

# --- The guard of an objective -----------------------------------------------------------------------------------------

cat >vae.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { rollback = -1, guard = true }
local guard
if not o.guard then
  guard = false
end
neap.train {
  model = neap.architecture.vae_gan {
    rows = 8, columns = 8, factor = 2, width = 4, groups = 2, latent = 1, discriminator = false,
  },
  data = neap.dataset.shapes { size = 8, count = 20 }, objective = neap.objective.vae_gan { adversarial = 0 },
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, precision = "fp32", batch = 2, steps = 2,
  rollback = o.rollback >= 0 and o.rollback or nil, guard = guard,
}
RECIPE
settings() {
    sed -n 's/.*"settings": {\(.*\)}, "version".*/\1/p' "$1/settings.json" | grep -o -e '"guard": [^}]*}' -e '"rollback": [0-9]*' | tr '\n' ' '
}
for case in 'own||"guard": {"reconstruction": 0.5} "rollback": 3 ' 'more|rollback=7|"guard": {"reconstruction": 0.5} "rollback": 7 ' \
    'off|rollback=0|"guard": {} "rollback": 0 ' 'off2|guard=false|"guard": {} "rollback": 0 '; do
    rest=${case#*|}
    # shellcheck disable=SC2086
    expect_like 0 "*" neap run vae.lua out="${case%%|*}" ${rest%%|*}
    same_text "guard and rollbacks of ${case%%|*}" "${rest#*|}" "$(settings "${case%%|*}")"
done
finish
