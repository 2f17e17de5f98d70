#!/bin/sh
# neap eval: what it scores of pictures and of points, what it prints, and what it refuses.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes
cat >judge.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.vit { rows = 8, columns = 8, classes = 10, patch = 4, width = 16, depth = 1, heads = 2 },
  data = neap.dataset.shapes { size = 8 }, objective = neap.objective.classification {},
  optimizer = neap.optimizer.adamw { lr = 3e-3 }, precision = "fp32", batch = 32, steps = 300,
}
RECIPE
for recipe in judge shapes points; do
    neap run $recipe.lua >/dev/null 2>&1
done
sed "s/, classes = 2//" points.lua >plain.lua
neap run plain.lua labels=false >/dev/null 2>&1
run=runs/shapes
judge=runs/judge/checkpoint.safetensors

# neap eval with its JSON in scores.json.
scored() {
    rm -f scores.json
    neap eval "$@" --json scores.json
}

# A number out of that: field NAME KEY.
field() {
    sed -n "s/.*\"$1\": {\\([^}]*\\)}.*/\\1/p" scores.json | sed -n "s/.*\"$2\": \\([-0-9.e]*\\).*/\\1/p"
}

# between LOW NUMBER HIGH
between() {
    awk -v low="$1" -v x="$2" -v high="$3" 'BEGIN { exit !(x != "" && low + 0 <= x + 0 && x + 0 <= high + 0) }'
}

# The names in the first column, but for the heading.
rows() {
    sed 1d stdout | awk '{ printf "%s%s", sep, $1; sep = " " }'
}

# --- Pictures ---------------------------------------------------------------------------------------------------------

expect 0 "" scored $run -n 200 --evaluator $judge --resamples 5 --raw made.npy --cas --cas-steps 30
same_text "the scores of pictures" \
    "frechet kernel precision recall modes divergence agreement least_agreement accuracy_score" "$(rows)"
same_text "the heading" "score value 95% interval training pictures better" "$(sed -n '1s/  */ /gp' stdout)"
holds "a line for each score, in 80 columns" awk 'length > 80 { exit 1 } END { exit NR != 10 }' stdout
same_text "no JSON beside the table" "" "$(grep '{' stdout)"
same_text "which values are better" "frechet lower agreement higher accuracy_score higher" \
    "$(awk '/^frechet|^agreement|^accuracy_score/ { printf "%s%s %s", sep, $1, $NF; sep = " " }' stdout)"
holds "JSON has it as well" grep -q '"divergence": {"better": "lower", ' scores.json
holds "a run of twelve steps draws no pictures of its classes" between 0 "$(field agreement value)" 0.5
holds "and real ones are of theirs" between 0.9 "$(field agreement real)" 1
holds "real pictures are near each other, samples are not" between "$(field frechet real)" "$(field frechet value)" 1e9
holds "the interval lies around the value" between "$(field frechet low)" "$(field frechet value)" "$(field frechet high)"
holds "accuracy is a share" between 0 "$(field accuracy_score value)" 1
scores=$(sed -n 2,9p stdout)
same_text "the samples are kept" $((128 + 200 * 256)) "$(wc -c <made.npy | tr -d ' ')"
expect 0 "" scored $run --samples made.npy --evaluator $judge --resamples 5
same_text "samples of a file are scored as those drawn" "$scores" "$(sed -n 2,9p stdout)"
expect 0 "" scored $run -n 200 --batch 7 --evaluator $judge --resamples 5 --threads 1
same_text "neither batch nor threads matter" "$scores" "$(sed -n 2,9p stdout)"
expect 0 "" scored $run -n 200 --seed 1 --evaluator $judge --resamples 5
holds "another seed, other scores" test "$scores" != "$(sed -n 2,9p stdout)"
expect 0 "" scored $run -n 20 --w 0 --evaluator $judge --resamples 0 --metric agreement --raw off.npy
expect 0 "" scored $run -n 20 --w 5 --interval 0.5,0.7 --evaluator $judge --resamples 0 --metric agreement --raw part.npy
holds "guidance in a part of the way" test "$(cksum <off.npy)" != "$(cksum <part.npy)"
cp -r $run copy
expect 0 "" scored $run -n 20 --w 5 --worse copy --evaluator $judge --resamples 0 --metric agreement --raw worse.npy
holds "autoguidance is no classifier-free guidance" test "$(cksum <off.npy)" != "$(cksum <worse.npy)"
expect 0 "" scored $run -n 200 --w 0 --steps 4 --evaluator $judge --resamples 0 --metric frechet --metric agreement
same_text "--metric, more than once" "frechet agreement least_agreement" "$(rows)"
same_text "no resamples, no width" "$(field frechet low)" "$(field frechet high)"
expect 0 "" scored $run -n 5000 --evaluator $judge --resamples 0 --metric agreement # in more batches than an op joins
holds "many samples" between 0 "$(field agreement value)" 0.5

# --- Without an evaluator -----------------------------------------------------------------------------------------------

expect 0 "" scored $run -n 100 --evaluator none --resamples 5
same_text "the scores of pixels" "sliced_wasserstein precision recall" "$(rows)"
holds "say so" grep -q '^score of pixels  *value ' stdout
holds "in JSON, too" grep -q '"features": "pixels", ' scores.json
holds "real pictures are nearer to each other than samples" \
    between 0 "$(field sliced_wasserstein real)" "$(field sliced_wasserstein value)"
expect 0 "" neap eval $run -n 100 --evaluator none --metric kernel --resamples 0 --json -
holds "JSON in place of the table" grep -qx '{"draw_seconds": .*"kernel": {"better": "lower", .*}' stdout
same_text "and nothing else" 1 "$(wc -l <stdout | tr -d ' ')"
# The evaluator of the recipes judges 28 by 28 pixels.
expect 0 "eval: no evaluator knows these pictures: their pixels are scored; --evaluator FILE gives a classifier" \
    neap eval $run -n 20 --resamples 0
same_text "pictures that no evaluator knows" "sliced_wasserstein precision recall" "$(rows)"
expect 1 "neap: agreement: expected logits of the samples, got none" neap eval $run -n 20 --evaluator none --metric agreement
expect 2 "neap: eval: --cas needs a classifier as the evaluator" neap eval $run --evaluator none --cas
expect 2 "neap: eval: --evaluator none needs a run" neap eval --samples made.npy --data /nowhere --evaluator none

# --- On a terminal ----------------------------------------------------------------------------------------------------

if command -v script >/dev/null; then
    TERM=xterm script -qec "exec '$NEAP_SOURCE/neap' eval $run -n 50 --evaluator $judge --resamples 2" /dev/null >typed 2>/dev/null </dev/null
    holds "each metric is named while it scores" grep -q 'scoring precision_recall, 3 of 5' typed
    holds "the table stands on clear lines" grep -q '^.*\[Kscore  *value' typed
fi

# --- The reference ----------------------------------------------------------------------------------------------------

# Twelve held-out pictures and eight to train on, of classes in unequal shares.
mkdir shares
cat >shares.lua <<'RECIPE'
local neap = require "neap"
local function write(part, labels)
  local pixels, bytes = {}, {}
  for i, label in ipairs(labels) do
    bytes[i] = string.char(label)
    for k = 1, 64 do
      pixels[#pixels + 1] = string.char((label * 80 + i * k * #labels) % 256)
    end
  end
  io.open("shares/" .. part .. "-images-idx3-ubyte", "wb"):write(string.pack(">I4I4I4I4", 0x803, #labels, 8, 8), table.concat(pixels)):close()
  io.open("shares/" .. part .. "-labels-idx1-ubyte", "wb"):write(string.pack(">I4I4", 0x801, #labels), table.concat(bytes)):close()
end
write("train", { 7, 7, 7, 7, 7, 7, 3, 3 })
write("t10k", { 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 9 })
RECIPE
neap run shares.lua
cat >seen.lua <<'RECIPE'
local neap = require "neap"
local core = require "neap.core"
local o = neap.options { file = "" }
local run, counts = neap.checkpoint.load "runs/shapes", {}
local x, n = neap.npy.load(o.file), 0
for label = 0, 9 do -- pictures of one seed and class do not depend on what else is drawn
  local each = core.ops.clamp(run.sampler:sample(run.model, { n = x:size(0), labels = label }), -1, 1)
  local far = (each - x):abs():mean { 1, 2, 3 }
  for _, distance in ipairs(far:tolist()) do
    counts[label] = (counts[label] or 0) + (distance == 0 and 1 or 0)
  end
end
print(table.concat(counts, " ", 0, 9))
RECIPE
expect 0 "" scored $run -n 24 --data shares --labels real --evaluator $judge --metric frechet --resamples 0 --raw shares.npy
expect 0 "" neap run seen.lua file=shares.npy
same_text "--labels real: shares of the held-out pictures" "12 8 2 0 0 0 0 0 0 2" "$(cat stdout)"
expect 0 "" scored $run -n 24 --data shares --labels real --reference training --evaluator $judge --metric frechet \
    --resamples 0 --raw shares.npy
holds "the other column" grep -q '^score .*  held-out pictures  better$' stdout
held=$(field frechet real)
expect 0 "" neap run seen.lua file=shares.npy
same_text "--labels real: shares of the training pictures" "0 0 0 6 0 0 0 18 0 0" "$(cat stdout)"
expect 0 "" scored $run -n 24 --data shares --evaluator $judge --metric frechet --resamples 0
same_text "the distance between both parts is the same from either side" "$(printf '%.4g' "$held")" \
    "$(printf '%.4g' "$(field frechet real)")"
expect 2 "neap: eval: --reference has no effect: points are compared with draws of the data set" \
    neap eval runs/points --reference training
expect 2 "neap: eval: --cas tests on held-out pictures; it cannot be combined with --reference training" \
    neap eval $run --evaluator $judge --cas --reference training
expect 2 "neap: --reference: expected test or training, got 'train'" neap eval $run --reference train

cat >numbers.lua <<'RECIPE'
local neap, core = require "neap", require "neap.core"
local x = core.source(core.component("dataset", "shapes", { size = 8, seed = 9 })):batch(1, 60, 3)
core.npy_save("real.npy", x)
core.npy_save("pairs.npy", neap.tensor({ 0, 1, 2 }, "i32"))
core.npy_save("high.npy", neap.full({ 60 }, 10, "i32"))
core.npy_save("bytes.npy", neap.full({ 60, 8, 8, 1 }, 255))
core.npy_save("flat.npy", x:reshape(60, 64))
core.npy_save("unit.npy", (x + 1) / 2)
core.npy_save("bright.npy", x:clamp(-1e-3, 1))
core.npy_save("twos.npy", neap.full({ 60 }, 2, "i32"))
core.npy_save("wide.npy", x:cast "f64")
core.npy_save("small.npy", neap.full({ 60 }, 2, "u8"))
core.npy_save("levels.npy", neap.full({ 60, 8, 8, 1 }, 255, "u8"))
core.npy_save("halves.npy", neap.full({ 60 }, 0.5))
-- As NumPy has labels where nobody says: int64.
local file <close> = io.open("longs.npy", "wb")
local header = "{'descr': '<i8', 'fortran_order': False, 'shape': (60,), }\n"
file:write("\x93NUMPY\1\0", string.pack("<s2", header), string.pack("<i8", 2):rep(60))
RECIPE
neap run numbers.lua
expect 0 "" scored $run --samples real.npy --evaluator $judge --metric agreement --sample-labels twos.npy
holds "labels of a file are those asked for" between 0 "$(field agreement value)" 0.3
agreement=$(sed -n 2p stdout)
for numbers in "wide twos" "real longs" "real small"; do
    expect 0 "" scored $run --samples "${numbers% *}.npy" --evaluator $judge --metric agreement \
        --sample-labels "${numbers#* }.npy"
    same_text "of another dtype: $numbers" "$agreement" "$(sed -n 2p stdout)"
done
expect 0 "" scored $run -n 20 --labels ring,3 --evaluator $judge --metric agreement --resamples 0
holds "labels by name and number" between 0 "$(field agreement value)" 1

# Three pictures as the channels of one, judged by the same classifier; a class for each three classes.
cat >stacked.lua <<'RECIPE'
local neap = require "neap"
local inner = neap.dataset.shapes { size = 8 }
neap.train {
  model = neap.architecture.gan { style = "mlp", rows = 8, columns = 8, channels = 3, width = 8, latent = 4 },
  data = neap.dataset.stacked { of = inner:component(), count = 5000 }, objective = neap.objective.adversarial {},
  optimizer = neap.optimizer.adamw {}, sampler = neap.sampler.latent {}, precision = "fp32", batch = 8, steps = 2,
}
RECIPE
neap run stacked.lua >/dev/null 2>&1
expect 0 "" scored runs/stacked -n 1000 --evaluator $judge --resamples 0
same_text "an unconditional run is not asked for classes" "frechet kernel precision recall modes divergence" "$(rows)"
holds "real pictures have most of the thousand" between 500 "$(field modes real)" 700 # 1000 (1 - 1/e) = 632 are expected
holds "a run of two steps has few" between 1 "$(field modes value)" 300

# --- Points -----------------------------------------------------------------------------------------------------------

expect 0 "" scored runs/points -n 500 --resamples 5
same_text "the scores of points" "sliced_wasserstein ratio support" "$(rows)"
holds "real points are on their set" between 0.99 "$(field support real)" 1
holds "those of a run of twelve steps are not" between 0.05 "$(field support value)" 0.9
holds "and are farther than two real draws from each other" between 2 "$(field ratio value)" 1000
expect 0 "" scored runs/plain -n 100 --resamples 2 --metric support
same_text "without classes" support "$(rows)"
cat >points_of_data.lua <<'RECIPE'
local core = require "neap.core"
core.npy_save("moons.npy", (core.source(core.component("dataset", "toy2d", { seed = 77 })):batch(1, 500, 0)))
RECIPE
neap run points_of_data.lua
expect 0 "" scored runs/points --samples moons.npy --resamples 2
holds "real points in place of samples" between 0.99 "$(field support value)" 1
holds "are as far as two real draws" between 0.6 "$(field ratio value)" 1.7

# --- Refused ----------------------------------------------------------------------------------------------------------

expect 2 "neap: eval: expected a run: neap eval RUN [OPTION ...]; or samples and data: --samples FILE --data FOLDER" \
    neap eval
expect 2 "neap: expected key=value, got '$run'" neap eval $run $run
expect 1 "neap: eval: there is no checkpoint 'runs/nowhere'" neap eval runs/nowhere
expect 2 "neap: unknown option '--evaluater'; did you mean '--evaluator'?" neap eval $run --evaluater x
for wrong in '-n|1|a whole number from 2 to 1000000' '--seed|-1|a whole number from 0' '--steps|0|a whole number from 1' \
    '--w|much|a number' '--resamples|1|0 or a whole number from 2' '--precision|fp16|auto, fp32 or bf16' \
    '--cas-steps|0|a whole number from 1' '--metric||a metric' '--samples||a file'; do
    option=${wrong%%|*}
    value=${wrong#*|}
    expect 2 "neap: $option: expected ${value#*|}, got '${value%|*}'" neap eval $run "$option" "${value%|*}"
done
# Nothing is drawn or scored for results that cannot be written.
for wrong in '--json nowhere/x.json|nowhere/x.json: cannot be written: No such file or directory' \
    '--raw nowhere/x.npy|nowhere/x.npy: cannot be written: No such file or directory' \
    '--raw x.png|eval: --raw: expected a path that ends in .npy, got x.png' \
    '--raw x.npy --json ./x.npy|eval: --raw and --json are one file, ./x.npy' \
    "--json $place/real.npy --samples ./real.npy|eval: --json would replace --samples, ./real.npy" \
    "--json $run/checkpoint.safetensors|eval: --json would replace the run, $run/checkpoint.safetensors"; do
    drawing="-n 100 --steps 1000"
    [ "$wrong" = "${wrong#*--samples ./}" ] || drawing=
    # shellcheck disable=SC2086
    expect 2 "neap: ${wrong#*|}" neap eval $run $drawing --evaluator $judge ${wrong%%|*}
done
for option in "-n 10" "--steps 3" "--sampler heun" "--w 2" "--interval 0,1" "--rescale 0.5" "--worse copy" "--batch 3" \
    "--precision bf16" "--raw x.npy" "shift=3"; do
    case $option in *=*) name=shift= ;; *) name=${option% *} ;; esac
    # shellcheck disable=SC2086
    expect 2 "neap: eval: $name has no effect beside --samples: no samples are drawn" \
        neap eval $run --evaluator $judge --samples real.npy $option
done
expect 2 "neap: eval: --labels has no effect beside --sample-labels" \
    neap eval $run --evaluator $judge --samples real.npy --sample-labels twos.npy --labels 3
expect 2 "neap: eval: --labels real has no effect beside --samples: their labels are not drawn" \
    neap eval $run --evaluator $judge --samples real.npy --labels real
expect 2 "neap: eval: --evaluator has no effect: points are scored without an evaluator" neap eval runs/points --evaluator $judge
for option in --interval=0,0.001 --worse=runs/shapes; do
    expect_like 2 "neap: eval: ${option%%=*} has no effect: *" neap eval $run --evaluator $judge $option
done
expect 2 "neap: eval: --cas-steps needs --cas" neap eval $run --cas-steps 3
expect 2 "neap: eval: --sample-labels needs --samples" neap eval $run --sample-labels x.npy
expect 2 "neap: eval: --sample-labels needs a run with classes" \
    neap eval runs/plain --samples moons.npy --sample-labels pairs.npy
expect 2 "neap: metric 'frechett' is not known; did you mean 'frechet'?" neap eval $run --metric frechett
expect 1 "neap: eval: there is no evaluator 'nobody'; train one with recipes/evaluator_fashion.lua, or give one with\
 --evaluator FILE" neap eval $run --evaluator nobody
expect 1 "neap: eval: runs/points/checkpoint.safetensors: expected a classifier that offers 'features'; mlp does not" \
    neap eval $run --evaluator runs/points/checkpoint.safetensors
sed 's/8/12/g' judge.lua >large.lua
neap run large.lua steps=1 >/dev/null 2>&1
expect 1 "neap: eval: the evaluator judges [12, 12, 1] and 10 classes, the run draws [8, 8, 1] and 10" \
    neap eval $run --evaluator runs/large/checkpoint.safetensors
expect_like 1 "neap: idx: *nowhere*" neap eval $run --evaluator $judge --data nowhere
expect 2 "neap: label: expected 0 to 9 or a name, got '10'" neap eval $run --evaluator $judge --labels 10
for list in 1,,2 1, ,1 ,; do
    expect 2 "neap: eval: --labels: expected labels with commas between, got '$list'" \
        neap eval $run --evaluator $judge --labels $list
done
expect 2 "neap: label: the model is unconditional" neap eval runs/plain --labels 1
expect 2 "neap: eval: --cas needs pictures with classes" neap eval runs/points --cas
expect 1 "neap: agreement: expected logits of the samples, got none" neap eval runs/points -n 10 --metric agreement
expect 1 "neap: flat.npy: expected f32 [N, 8, 8, 1] with N from 2, got f32 [60, 64]" \
    neap eval $run --evaluator $judge --samples flat.npy
expect 1 "neap: bytes.npy: expected pictures in [-1, 1], got 255; bytes become x / 127.5 - 1" \
    neap eval $run --evaluator $judge --samples bytes.npy
expect 1 "neap: levels.npy: expected f32 [N, 8, 8, 1] with N from 2, got u8 [60, 8, 8, 1]" \
    neap eval $run --evaluator $judge --samples levels.npy
expect_like 1 "neap: unit.npy: expected pictures in ?-1, 1?, got none below 0, as *% of the real pictures' values are;\
 pictures in ?0, 1? become x ? 2 - 1" neap eval $run --evaluator $judge --samples unit.npy --metric frechet --resamples 0
same_text "pictures in [0, 1] are not scored" "" "$(cat stdout)"
expect 0 "" scored $run --evaluator $judge --samples bright.npy --metric frechet --resamples 0 # one value is enough
expect 1 "neap: pairs.npy: expected whole numbers [60], got i32 [3]" \
    neap eval $run --evaluator $judge --samples real.npy --sample-labels pairs.npy
expect 1 "neap: halves.npy: expected whole numbers [60], got f32 [60]; save labels.astype(numpy.int64)" \
    neap eval $run --evaluator $judge --samples real.npy --sample-labels halves.npy
expect 1 "neap: high.npy: expected labels from 0 to 9, got 10 in row 0" \
    neap eval $run --evaluator $judge --samples real.npy --sample-labels high.npy
expect_like 1 "neap: *nothing.npy*" neap eval $run --evaluator $judge --samples nothing.npy
cat >coupled.lua <<'RECIPE'
local neap = require "neap"
local spec = { "x", neap.zeros(4, 8, 8, 1) }
require("neap.core").safetensors_save("pairs.safetensors", { spec, { "noise", spec[2] } }, {})
neap.train {
  model = neap.architecture.dit { size = 8, channels = 1, patch = 4, width = 16, depth = 1, heads = 2 },
  data = neap.dataset.coupled { path = "pairs.safetensors" }, objective = neap.objective.reflow {},
  optimizer = neap.optimizer.adamw { lr = 1e-3 }, precision = "fp32", batch = 4, steps = 1,
}
RECIPE
neap run coupled.lua >/dev/null 2>&1
expect 1 "neap: eval: coupled: the data set has no part for testing; give another data set with --data FOLDER" \
    neap eval runs/coupled --evaluator $judge
holds "what is refused leaves nothing" absent samples.png
finish
