#!/bin/sh
# Pictures as conditions: neap sample --picture, previews and eval, with the architecture and the data set of docs/plugins.md.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes

# block LANGUAGE NAME: the code block that begins with ```LANGUAGE NAME.
block() {
    awk -v start="\`\`\`$1 $2" '$0 == "```" { inside = 0 } inside { print } $0 == start { inside = 1 }' "$NEAP_SOURCE/docs/plugins.md"
}

mkdir plugins
block c enlarge >enlarge.c
# A test part, for previews and eval: other squares.
sed 's/\.read = read_square}/.read = read_square, .part = squares_part}/
s/^static const neap_dataset squares_functions/#include <neap\/registry.h>\
static int squares_part(neap_instance *instance, neap_part part, int64_t draw, int64_t count)\
{\
    const neap_value seed = {.type = NEAP_PARAM_INT, .integer = part == NEAP_PART_TEST ? draw : 0};\
    (void)count;\
    return neap_instance_set(instance, "seed", \&seed) < 0 ? -1 : 0;\
}\
\
&/' enlarge.c >parts.c
holds "the plugin is compiled" ${CC:-cc} -shared -fPIC -D_GNU_SOURCE -I"$NEAP_SOURCE/core/include" -o plugins/enlarge.so parts.c
NEAP_PLUGIN_PATH=$PWD/plugins
export NEAP_PLUGIN_PATH
cat >squares.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { dropout = 0.1 }
neap.train {
  model = neap.architecture.enlarge { width = 8 }, data = neap.dataset.squares {},
  objective = neap.objective.flow_matching { label_dropout = o.dropout }, optimizer = neap.optimizer.adamw { lr = 1e-2 },
  sampler = neap.sampler.euler { steps = 3 }, precision = "fp32", batch = 8, steps = 12, samples = 16,
}
RECIPE
cat >pictures.lua <<'RECIPE'
local neap = require "neap"
local small = neap.full({ 4, 4, 1 }, -1)
small:slice(0, 0, 2):slice(1, 0, 2):assign(neap.ones(2, 2, 1))
local big = small:reshape(1, 4, 4, 1):resize(40, 40):reshape(40, 40, 1)
neap.image.save("small.png", small)
neap.image.save("big.png", big)
neap.image.save("color.png", neap.expand(small, { 4, 4, 3 }))
-- The same in the middle of a wider picture.
neap.image.save("wide.png", neap.concat({ neap.ones(4, 3, 1), small, neap.ones(4, 3, 1) }, 1))
neap.image.save("white.png", neap.ones(4, 4, 1))
local run = require "neap.checkpoint".load "runs/squares"
local condition = { picture = small:reshape(1, 4, 4, 1) }
neap.npy.save("lua.npy", run.sampler:sample(run.model, { n = 1, seed = 0, condition = condition }):clamp(-1, 1))
RECIPE
expect_like 0 "${machine}enlarge: *" neap run squares.lua
expect 0 "" neap run pictures.lua
run=runs/squares

# --- One picture and several --------------------------------------------------------------------------------------------

raw one.npy --picture small.png -n 1
holds "the same in Lua" cmp lua.npy one.npy
raw null.npy -n 1
holds "a picture and none" test "$(cksum <one.npy)" != "$(cksum <null.npy)"
raw color.npy --picture color.png -n 1
holds "grey values of a picture in colour" cmp one.npy color.npy
raw wide.npy --picture wide.png -n 1
holds "the middle of a wider picture" cmp one.npy wide.npy
raw two.npy --picture small.png white.png -n 3
raw again.npy --picture small.png --picture white.png -n 3
raw white.npy --picture white.png -n 6
holds "words after --picture are pictures" cmp two.npy again.npy
same_text "-n for each" $((head + 6 * picture)) "$(wc -c <two.npy | tr -d ' ')"
same_text "the first picture's" "$(pictures one.npy 0 1)" "$(pictures two.npy 0 1)"
same_text "the second's" "$(pictures white.npy 3 3)" "$(pictures two.npy 3 3)"
raw big.npy --picture big.png -n 1
holds "a larger picture is scaled by the filter of the data sets" test "$(cksum <big.npy)" != "$(cksum <null.npy)"
expect 0 "" neap sample $run --picture small.png white.png -n 4 -o grid.png steps=2
same_text "a row for each" 00000275000001 "$(hex grid.png 16 7)"

# --- Previews and eval -----------------------------------------------------------------------------------------------------

same_text "conditions stand above samples: four rows of eight" 0000024800000128 "$(hex $run/samples.png 16 8)"
cat >judge.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.vit { rows = 8, columns = 8, classes = 10, patch = 4, width = 16, depth = 1, heads = 2 },
  data = neap.dataset.shapes { size = 8 }, objective = neap.objective.classification {},
  optimizer = neap.optimizer.adamw { lr = 3e-3 }, precision = "fp32", batch = 32, steps = 10,
}
RECIPE
neap run judge.lua >/dev/null 2>&1
expect 0 "" neap eval $run -n 50 --evaluator runs/judge --resamples 0 --metric frechet --raw eval.npy
holds "an eval scores" grep -q '^frechet ' stdout
cat >under.lua <<'RECIPE'
local neap, core = require "neap", require "neap.core"
local run = require "neap.checkpoint".load "runs/squares"
local held = core.source((core.dataset_part(core.component("dataset", "squares", {}), "test", 1, 1)))
local _, _, condition = held:batch(1, held:count(), 0)
local x = run.sampler:sample(run.model, { n = 50, seed = 0, condition = { picture = condition.picture:slice(0, 0, 50) } })
print((x:clamp(-1, 1) - neap.npy.load "eval.npy"):abs():max():item())
RECIPE
expect 0 "" neap run under.lua
same_text "under the pictures of the held-out examples" 0.0 "$(cat stdout)"

# --- Refused -----------------------------------------------------------------------------------------------------------------

expect 1 "neap: nowhere.png: cannot be read: No such file or directory" neap sample $run --picture nowhere.png
expect_like 1 "neap: squares.lua: *" neap sample $run --picture squares.lua
expect 2 "neap: sample: text: enlarge takes no text, but a picture" neap sample $run --text "a square"
expect 2 "neap: label: the model has no classes; it takes a picture" neap sample $run --label 3
expect 2 "neap: sample: --w has no effect: the samples have no condition; the run takes a picture" neap sample $run --w 2
expect 2 "neap: sample: --invert: expected one picture, got 2" neap sample $run --picture small.png white.png --image lua.npy --invert
neap run shapes.lua >/dev/null 2>&1
expect 2 "neap: sample: --picture: dit takes no picture, but labels; --image starts from one" \
    neap sample runs/shapes --picture small.png
expect 2 "neap: sample: -o would replace --picture, small.png" neap sample $run --picture small.png -o small.png
expect_like 0 "*" neap run squares.lua dropout=0 out=runs/certain
expect 2 "neap: sample: expected a picture as the condition: the network was trained with label_dropout = 0, never without\
 a picture" neap sample runs/certain
expect 0 "" neap sample runs/certain --picture small.png -n 1
expect 2 "neap: sample: guidance: the network was trained with label_dropout = 0 and has no null condition to guide away from; set\
 w = 0, or train with label_dropout = 0.1" neap sample runs/certain --picture small.png -n 1 --w 1
finish
