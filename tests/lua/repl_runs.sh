#!/bin/sh
# Runs at the prompt: load, sample, resume, help. The pictures are those of `neap sample`.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes
unset COLORTERM NEAP_PICTURES
expect_like 0 "*" neap run shapes.lua steps=2 out=runs/shapes
expect 0 "" neap sample runs/shapes --label 3 --w 2 -n 2 --seed 5 --raw wanted.npy

# at_prompt WHAT STDOUT STDERR LINES
at_prompt() {
    output=$(printf '%s\n' "$4" | neap repl 2>stderr)
    same_text "$1: output" "$2" "$output"
    same_text "$1: errors" "$3" "$(cat stderr)"
}

at_prompt "samples of a loaded run are those of neap sample" true "" 'run = load "runs/shapes";
x = run:sample { label = 3, w = 2, n = 2, seed = 5 };
(x:clamp(-1, 1) - neap.npy.load "wanted.npy"):square():sum():item() == 0'
at_prompt "a label of each class by default" "{ 8, 8, 8, 1 }" "" 'load("runs/shapes"):sample():shape()'
at_prompt "a label by its name" true "" 'run = load "runs/shapes" name = run.networks.labels[4];
(run:sample { label = name, n = 2 } - run:sample { label = 3, n = 2 }):square():sum():item() == 0'
NEAP_PICTURES=blocks at_prompt "samples with NaN are kept" "{ 1, 8, 8, 1 }" \
    "picture: expected numbers for a picture, got NaN at element 11" 'run = load "runs/shapes"
run:sample({ n = 1, label = 1, noise = neap.full({ 1, 8, 8, 1 }, 0 / 0) }):shape()'
at_prompt "an unknown label" "" "label: expected 0 to 9 or a name, got 'Sneker'" \
    'load("runs/shapes"):sample { label = "Sneker" };'
at_prompt "an unknown key" "" "sample: unknown key 'lable'; did you mean 'label'?" \
    'load("runs/shapes"):sample { lable = 1 };'
at_prompt "no run" "" "load: there is no checkpoint 'runs/shape'" 'load "runs/shape"'
at_prompt "Lua's load" "3	function" "" 'loadstring("return 3")(), type(_G.load)'
at_prompt "pictures where there is no terminal" "" "" 'show(neap.full({ 2, 2, 1 }, -1));'
NEAP_PICTURES=blocks COLORTERM=truecolor at_prompt "pictures" \
    "$(printf '\033[38;2;0;0;0;48;2;0;0;0m▀▀▀▀\033[0m\n\033[38;2;0;0;0;48;2;0;0;0m▀▀▀▀\033[0m')" "" \
    'show(neap.full({ 2, 2, 1 }, -1));'

# The run of a folder goes on with its recipe.
expect_like 0 "*" neap run shapes.lua steps=5 out=straight width=16
printf '%s\n' 'run = load "runs/shapes"' 'r = run:resume { steps = 5 }' 'r.step' 'neap.options { width = 8 }.width' >lines
neap repl <lines >stdout 2>stderr
same_text "resume by the recipe" "5${newline}8" "$(tail -n 2 stdout)"
holds "resume by the recipe: the file of a run that never stopped" \
    cmp straight/checkpoint.safetensors runs/shapes/checkpoint.safetensors
rm runs/shapes/recipe.lua
at_prompt "resume without a recipe" "" \
    "prompt:1: resume: runs/shapes has no recipe.lua; call neap.train { resume = true, .. } with its model and data" \
    'run = load "runs/shapes" run:resume()'

# A training returns its run.
cat >lines <<'LINES'
m = neap.architecture.mlp { hidden = 16, depth = 2, time_features = 8, classes = 2 }
parts = { model = m, data = neap.dataset.toy2d { shape = "moons" }, objective = neap.objective.flow_matching {} }
parts.optimizer, parts.precision, parts.batch, parts.steps, parts.out = neap.optimizer.adamw {}, "fp32", 8, 3, "runs/points"
run = neap.train(parts);
run.step
r = run:resume { steps = 4 }
r.step
run:sample { label = 1, n = 3 }:shape()
run.path
LINES
neap repl <lines >stdout 2>stderr
same_text "a training: its run" "3
4
{ 3, 1, 1, 2 }
runs/points" "$(grep -v '^runs/points[:/]' stdout | grep -v svg)"

# --- Help -------------------------------------------------------------------------------------------------------------

printf '%s\n' '?euler' 'help(neap.sampler.heun)' 'help "softmax"' '?neap.guidance.cfg' >lines
neap repl <lines >stdout 2>stderr
for words in 'sampler euler' 'sampler heun' 'softmax' 'guidance cfg'; do
    holds "help on $words" grep -q "$words" stdout
done
same_text "help: no errors" "" "$(cat stderr)"
printf '%s\n' help >lines
neap repl <lines >stdout
holds "help on the prompt" grep -q 'run = load "runs/x"' stdout
printf '%s\n' '?eulr' '1 + 1' | neap repl >stdout 2>stderr
same_text "help on an unknown name" 2 "$(cat stdout)"
holds "help on an unknown name: a suggestion" grep -q "did you mean 'euler'?" stderr
finish
