#!/bin/sh
# Recipes with mistakes: the recipe's own line, one clear message, a status that says whose mistake it is (2: what was
# asked for, 1: the rest), and nothing left behind. Also losses that are no numbers.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes

# bad STATUS MESSAGE LINE...: a recipe of these lines.
bad() {
    status_of_bad=$1
    message_of_bad=$2
    shift 2
    printf '%s\n' "$@" >bad.lua
    expect "$status_of_bad" "neap: $message_of_bad" neap run bad.lua
}

use='local neap = require "neap"'

# --- Files ------------------------------------------------------------------------------------------------------------

mkdir recipes
cp points.lua recipes
expect 2 "neap: run: expected a recipe: neap run RECIPE [key=value ...]" neap run
expect 2 "neap: run: there is no recipe 'pionts.lua'; did you mean 'points.lua'?" neap run pionts.lua
expect 2 "neap: run: there is no recipe 'recipes/point.lua'; did you mean 'recipes/points.lua'?" \
    neap run recipes/point.lua
expect 2 "neap: run: there is no recipe 'nowhere/points.lua'" neap run nowhere/points.lua
expect 2 "neap: run: 'recipes' is a folder; expected a recipe" neap run recipes
same_text "nothing is made" "points.lua recipes shapes.lua stderr stdout" "$(echo *)"

# --- Lua --------------------------------------------------------------------------------------------------------------

bad 1 "bad.lua:2: unexpected symbol near '='" 'local x' 'x = = 3'
bad 1 "bad.lua:3: 'end' expected (to close 'if' at line 1) near <eof>" 'if true then' 'x = 3'
bad 1 "bad.lua:2: attempt to index a nil value (local 'x')" 'local x' 'return x.y'
bad 1 "bad.lua:3: attempt to perform arithmetic on a nil value (local 'x')" \
    'local function f(x)' '' 'return x + 1 end' 'f()'
bad 1 "bad.lua:1: stack overflow" 'local function f() return 1 + f() end f()'
bad 1 "bad.lua:1: module 'nowhere.to.be.found' not found" 'require "nowhere.to.be.found"'
bad 1 "bad.lua:2: out of luck" '' 'error "out of luck"'
bad 1 "out of luck" 'error("out of luck", 0)'
bad 1 "7" 'error(7)'
bad 1 "the error is a nil value, not text" 'error()'
bad 1 "the error is a table value, not text" 'error { status = 0, message = "fine" }'
bad 1 "the error is a boolean value, not text" 'error(false)'
bad 1 "words" 'error(setmetatable({}, { __tostring = function() return "words" end }))'
printf '\033Lua' >bytes.lua
expect 1 "neap: bytes.lua: attempt to load a binary chunk (mode is 't')" neap run bytes.lua
printf '#!/usr/bin/env neap\nprint "with a first line for the shell"\n' >script
expect 0 "" neap run script
expect 0 "" neap run script steps=3
expect 2 "neap: unknown key 'step'; did you mean 'steps'?" neap run script step=3

# --- The vocabulary ---------------------------------------------------------------------------------------------------

bad 2 "bad.lua:2: neap has no 'samplr'; did you mean 'sampler'?" "$use" 'neap.samplr.euler {}'
bad 2 "bad.lua:2: sampler 'eulr' is not known; did you mean 'euler'?" "$use" 'neap.sampler.eulr {}'
bad 2 "bad.lua:3: mlp: unknown parameter 'hiden'; did you mean 'hidden'?" \
    "$use" '' 'neap.architecture.mlp { hiden = 3 }'
bad 2 "bad.lua:2: mlp: hidden: expected a whole number, got text 'wide'" \
    "$use" 'neap.architecture.mlp { hidden = "wide" }'
bad 2 "bad.lua:2: mlp: depth: expected 1 to 64, got 65" "$use" 'neap.architecture.mlp { depth = 65 }'
bad 1 "bad.lua:2: dit: heads: expected a divisor of the width 10, got 3" "$use" \
    'neap.architecture.dit { size = 8, patch = 4, width = 10, heads = 3 }'
bad 2 "bad.lua:2: train: expected 'model'" "$use" 'neap.train {}'
bad 2 "bad.lua:2: train: expected one table of settings, got nil" "$use" 'neap.train()'
bad 2 "bad.lua:2: train: unknown key 'step'; did you mean 'steps'?" "$use" 'neap.train { step = 3 }'

# wrong_key KEY=VALUE MESSAGE: points.lua with one key of neap.train changed.
wrong_key() {
    sed "s/log_every = 1/$1/" points.lua >wrong.lua
    expect 2 "neap: wrong.lua:3: $2" neap run wrong.lua
}
wrong_key 'model = 5' "train: model: expected a model, got '5'"
wrong_key 'data = {}' "train: data: expected a data set, got a table"
wrong_key 'objective = neap.guidance.cfg {}' \
    "train: objective: expected a component of kind 'objective', got neap.component"
wrong_key 'optimizer = neap.ones(2)' "train: optimizer: expected an optimizer without a model, or { phase = optimizer, ... }, got neap.tensor"
wrong_key 'sampler = print' "train: sampler: expected a sampler, got a function"
wrong_key 'samples = 0' "train: samples: expected a whole number from 1 to 10000, got '0'"
wrong_key 'warmup = 1.5' "train: warmup: expected a whole number from 0, got '1.5'"
wrong_key 'decay = "slow"' "train: decay: expected none, linear or cosine, got 'slow'"
wrong_key 'floor = 2' "train: floor: expected a number from 0 to 1, got '2'"
wrong_key 'clip = -1' "train: clip: expected a number from 0, got '-1'"
wrong_key 'ema = 1' "adamw: ema: expected a number from 0 and below 1, got 1"
wrong_key 'log_every = "often"' "train: log_every: expected a whole number from 0, got 'often'"
wrong_key 'on_step = 3' "train: on_step: expected a function, got '3'"
wrong_key 'steps = 0' "steps: expected a whole number from 1, got '0'"
wrong_key 'out = 5' "out: expected text, got '5'"

# --- Parts that do not fit, and no room -------------------------------------------------------------------------------

sed 's/channels = 1/channels = 3/' shapes.lua >misfit.lua
expect 1 "neap: misfit.lua:3: dit: expects pictures [8, 8, 3]; the data set has [8, 8, 1]" neap run misfit.lua
refused 1 points "mlp: takes 'labels'; the data set 'toy2d' provides nothing" labels=false
refused 2 points "train: batch: expected at most 10000, the examples of the data set, got 10001" batch=10001
holds "none of these leaves a run" absent runs

# --- Losses that are no numbers ---------------------------------------------------------------------------------------

no_number="neap: points.lua:3: train: step 2: the loss 'flow' is [in]*[fn];" # inf or nan, never -nan
expect_like 1 "${machine}mlp: *${newline}$no_number no checkpoint was written yet" neap run points.lua lr=1e30
expect_like 1 "*${newline}$no_number the last good checkpoint is runs/points/checkpoint.safetensors (step 1)" \
    neap run points.lua lr=1e30 checkpoint_every=1
same_text "its step" 1 "$(step_of runs/points)"
same_text "metrics end there as well" 1 "$(wc -l <runs/points/metrics.jsonl | tr -d ' ')"
expect 0 "" neap sample runs/points -n 1 --raw points.npy
rm -r runs

expect_like 1 "*${newline}neap: points.lua:3: train: step [23]: the loss 'flow' is [in]*[fn]; *" \
    neap run points.lua lr=1e17
rm -r runs

cat >stop.lua <<'RECIPE'
local text = io.open("points.lua"):read "a"
text = text:gsub("log_every = 1", 'on_step = function(step) if step == 5 then error("enough", 0) end end')
load(text)()
RECIPE
expect_like 1 "${machine}mlp: *${newline}neap: enough" neap run stop.lua checkpoint_every=3
same_text "an error of the recipe's own leaves the last checkpoint" 3 "$(step_of runs/stop)"
finish
