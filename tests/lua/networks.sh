#!/bin/sh
# Networks that a run leans on, given as a model, a run or a checkpoint: the worse network of autoguidance, and the evaluator of
# a training.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
write_recipes
neap run shapes.lua >/dev/null 2>&1
neap run points.lua >/dev/null 2>&1
neap run shapes.lua seed=7 steps=3 out=runs/worse >/dev/null 2>&1
cat >judge.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.vit { rows = 8, columns = 8, classes = 10, patch = 4, width = 8, depth = 1, heads = 2 },
  data = neap.dataset.shapes { size = 8 }, objective = neap.objective.classification {},
  optimizer = neap.optimizer.adamw { lr = 3e-3 }, precision = "fp32", batch = 16, steps = 20,
}
RECIPE
neap run judge.lua >/dev/null 2>&1
worse=$place/runs/worse/checkpoint.safetensors
judge=runs/judge/checkpoint.safetensors

# --- Read-only ----------------------------------------------------------------------------------------------------------

# reader COMMAND...: without root's right to write what is read-only.
reader() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --bounding-set=-dac_override --inh-caps=-dac_override "$@"
    else
        "$@"
    fi
}
mkdir shared
for run in shapes judge worse; do
    cp -r runs/$run shared/
    chmod -R a-w shared/$run
done
if reader test ! -w shared/shapes/checkpoint.safetensors; then
    expect 0 "" reader "$NEAP_SOURCE/neap" sample shared/shapes -n 1 --worse shared/worse --w 1 -o read.png
    expect 2 "neap: sample: --worse has no effect: shared/shapes is the run itself" \
        reader "$NEAP_SOURCE/neap" sample shared/shapes -n 1 --worse shared/shapes --w 1 -o read.png
    expect 0 "" reader "$NEAP_SOURCE/neap" eval shared/shapes -n 8 --evaluator shared/judge --resamples 0
fi
chmod -R u+w shared

# --- In Lua -----------------------------------------------------------------------------------------------------------

cat >guidance.lua <<'RECIPE'
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check, core, neap = require "check", require "neap.core", require "neap"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises
local autoguidance, load = neap.guidance.autoguidance, neap.checkpoint.load
local folder, file = "runs/worse", "runs/worse/checkpoint.safetensors"
local run, other = load "runs/shapes", load(file)
local euler = neap.sampler.euler { steps = 3 }

local function draw(guidance)
  return euler:with({ guidance = guidance }):sample(run.model, { n = 4, seed = 2, labels = { 0, 3, 5, 9 } })
end

test("a model, its run and its checkpoint are one", function()
  local drawn = draw(autoguidance { w = 2, worse = other.model })
  for _, worse in ipairs { folder, file, other.path } do
    equal(draw(autoguidance { w = 2, worse = worse }), drawn:tolist())
  end
  check.truth((drawn - draw()):abs():max():item() > 1e-3, "the guidance changes nothing")
  equal(draw(autoguidance { w = 0, worse = folder }), draw():tolist())
end)

test("one step away from the worse network", function()
  local one = neap.sampler.euler { steps = 1 }
  local function move(model, guidance)
    local noise = core.sample_noise(2, 0, { 4, 8, 8, 1 })
    return noise - one:with({ guidance = guidance }):sample(model, { n = 4, seed = 2, labels = { 0, 3, 5, 9 } })
  end
  close(move(run.model, autoguidance { w = 2, worse = folder }), 3 * move(run.model) - 2 * move(other.model), 1e-4)
end)

test("inside other guidances", function()
  local inner = autoguidance { w = 2, worse = folder }
  equal(draw(neap.guidance.interval { of = inner, low = 0, high = 1 }), draw(inner):tolist())
  equal(draw(neap.guidance.rescale { of = inner, phi = 0 }), draw(inner):tolist())
end)

test("its settings name the checkpoint, and come back", function()
  local guidance = autoguidance { w = 2, worse = folder }
  local settings = core.json_decode(guidance:json())
  equal(settings, { w = 2, worse = { network = core.real_path(file) } })
  for _, text in ipairs { guidance:json(), core.json_encode(settings, true) } do
    local again = core.component_from_json("guidance", "autoguidance", text)
    equal(again:json(), guidance:json())
    equal(draw(again), draw(guidance):tolist())
  end
  local outer = neap.guidance.interval { of = guidance, high = 0.75 }
  equal(core.component_from_json("guidance", "interval", outer:json()):json(), outer:json())
  equal(autoguidance({ w = 2 }):json(), '{"w":2.0,"worse":null}')
end)

test("a model that no file holds has no settings", function()
  local guidance = autoguidance { w = 2, worse = neap.architecture.mlp {} }
  equal(tostring(guidance), "autoguidance {...}")
  local message = "autoguidance: worse: expected a network loaded from a run or a checkpoint, which a file can name"
  raises(message, function() guidance:json() end)
  local outer = neap.guidance.interval { of = guidance }
  raises("interval: of: " .. message, function() outer:json() end)
end)

test("it is trained no further", function()
  local frozen = load(folder).model
  local name = frozen:parameters()[1][1]
  equal(frozen:parameter(name).requires_grad, true)
  autoguidance { worse = frozen }
  equal(frozen:parameter(name).requires_grad, false)
end)

test("networks that do not fit", function()
  local missing = euler:with { guidance = autoguidance { w = 2 } }
  raises("sample: autoguidance: expected a worse network: set worse to a run, a checkpoint or a model", function()
    missing:sample(run.model, { n = 1, labels = 0 })
  end)
  local size = "sample: autoguidance: worse: expected [8, 8, 1] and 10 classes, got [1, 1, 2] and %d"
  raises(size:format(2), function() draw(autoguidance { worse = "runs/points" }) end)
  raises(size:format(0), function() draw(autoguidance { worse = neap.architecture.mlp {} }) end)
  raises(size:format(2), function()
    draw(neap.guidance.interval { of = neap.guidance.rescale { of = autoguidance { worse = "runs/points" } } })
  end)
  local offer = "autoguidance: worse: expected a network that offers 'velocity', got vit"
  local vit = load("runs/judge").model
  raises(offer, function() autoguidance { worse = "runs/judge" } end)
  raises(offer, function() autoguidance { worse = vit } end)
  equal(vit:parameters()[1][2].requires_grad, true) -- what is refused stays as it was
  raises("autoguidance: worse: there is no checkpoint 'runs/nobody'", function() autoguidance { worse = "runs/nobody" } end)
  raises("autoguidance: worse: judge.lua: expected a safetensors file, got text that begins with 'local neap = "
    .. "require \"neap\"'", function() autoguidance { worse = "judge.lua" } end)
  raises("autoguidance: worse: expected the path of a run or a checkpoint, or a model, got 3", function()
    autoguidance { worse = 3 }
  end)
  raises("autoguidance: worse: expected a number, a flag, a text, a component or a model, got a table", function()
    autoguidance { worse = {} }
  end)
  raises("sample: unknown key 'worse'; expected one of batch, condition, invert, keep, labels, level, mixture, n, names, negative, "
    .. "noise, picture, seed, text, watch", function() euler:sample(run.model, { labels = 0, worse = other.model }) end)
end)

test("a checkpoint of a model alone", function()
  equal(neap.checkpoint.model("test", folder):parameters()[1][2], other.model:parameters()[1][2]:tolist())
  raises("test: there is no checkpoint 'nowhere'", function() neap.checkpoint.model("test", "nowhere") end)
  raises("there is no checkpoint 'nowhere'", function() neap.checkpoint.model(nil, "nowhere") end)
end)
check.finish()
RECIPE
expect 0 "" neap run guidance.lua
same_text "autoguidance in Lua" "cases: 8 passed, 0 failed" "$(tail -n 1 stdout)"
[ "$status" = 0 ] || cat stdout

# --- A run that is guided so ------------------------------------------------------------------------------------------

# guided NAME WORSE: shapes.lua, guided away from a worse network, which is an expression in Lua.
guided() {
    sed "s|neap.guidance.cfg { w = 1 }|neap.guidance.autoguidance { w = 3, worse = $2 }|" shapes.lua >"$1.lua"
}

guided away '"runs/worse"'
expect_like 0 "${machine}dit: *" neap run away.lua
holds "the checkpoint names the worse network" grep -qF "\\\"network\\\": \\\"$worse\\\"" runs/away/checkpoint.safetensors
expect 0 "" neap sample runs/away -n 2 --label 3 --raw own.npy
expect 0 "" neap sample runs/shapes -n 2 --label 3 --w 3 --worse runs/worse --raw same.npy
expect 0 "" neap sample runs/shapes -n 2 --label 3 --w 3 --worse $worse --raw file.npy
expect 0 "" neap sample runs/away -n 2 --label 3 --w 0 --raw off.npy
holds "it samples again as the options say, for both runs have the same weights" cmp own.npy same.npy
holds "by the path of the checkpoint, too" cmp own.npy file.npy
holds "which is not without guidance" test "$(cksum <own.npy)" != "$(cksum <off.npy)"
expect_like 0 "${machine}dit: *" neap run away.lua resume=true steps=14
same_text "it is resumed" 14 "$(step_of runs/away)"
# A worse network of the run's own path: the file is of this run, and loading it ends.
cp -r runs/away runs/again
guided again '"runs/again"'
expect_like 0 "${machine}dit: *" neap run again.lua
expect 0 "" neap sample runs/again -n 1 --raw again.npy
# A path that is not UTF-8.
odd=$(printf 'runs/caf\351')
cp -r runs/worse "$odd"
guided odd "\"$odd\""
expect_like 0 "${machine}dit: *" neap run odd.lua
expect 0 "" neap sample runs/odd -n 2 --label 3 --raw odd.npy
holds "a path that is not UTF-8 comes back" cmp own.npy odd.npy

guided memory 'neap.architecture.dit { size = 8, channels = 1, patch = 4, width = 16, depth = 1, heads = 2, classes = 10 }'
expect_like 1 "${machine}neap: memory.lua:3: autoguidance: worse: expected a network loaded from a run or a\
 checkpoint, which a file can name" neap run memory.lua
holds "no step is taken" test ! -s runs/memory/metrics.jsonl
guided other '"runs/points"'
refused 1 other "sample: autoguidance: worse: expected [8, 8, 1] and 10 classes, got [1, 1, 2] and 2"
guided nobody '"runs/nobody"'
expect 2 "neap: nobody.lua:10: autoguidance: worse: there is no checkpoint 'runs/nobody'" neap run nobody.lua
for name in memory other nobody; do
    holds "no checkpoint: $name" absent runs/$name/checkpoint.safetensors
done
mv runs/worse runs/moved
expect 1 "neap: autoguidance: worse: there is no checkpoint '$worse'" neap sample runs/away -n 2 --raw gone.npy
mv runs/moved runs/worse

expect 1 "neap: sample: there is no checkpoint 'runs/nobody'" neap sample runs/shapes --worse runs/nobody
expect 2 "neap: autoguidance: worse: expected a network that offers 'velocity', got vit" \
    neap sample runs/shapes --worse runs/judge
expect 2 "neap: sample: --worse has no effect: runs/shapes is the run itself" neap sample runs/shapes --worse runs/shapes

# --- Evaluators -------------------------------------------------------------------------------------------------------

# scored NAME EVALUATOR: shapes.lua, scored at its end by an evaluator, which is an expression in Lua.
scored() {
    sed "s|precision = |score_every = 12, score_samples = 20, evaluator = $2, precision = |" shapes.lua >"$1.lua"
}

for given in by_model=neap.checkpoint.load\(\"$judge\"\).model by_run=\"runs/judge\" by_file=\"$judge\"; do
    name=${given%%=*}
    scored "$name" "${given#*=}"
    expect_like 0 "${machine}dit: *" neap run "$name.lua"
    holds "$name: the run is scored" grep -q '"frechet": [0-9]' "runs/$name/metrics.jsonl"
    same_text "$name: as by the others" "$(metrics runs/by_model)" "$(metrics "runs/$name")"
done
scored fresh 'neap.architecture.vit { rows = 8, columns = 8, classes = 10, patch = 4, width = 8, depth = 1, heads = 2 }'
expect_like 0 "${machine}dit: *" neap run fresh.lua
holds "a model of the recipe's own is another judge" test "$(metrics runs/fresh)" != "$(metrics runs/by_model)"
scored points '"runs/points"'
refused 1 points "train: $place/runs/points/checkpoint.safetensors: expected a classifier that offers 'features'; mlp does not"
scored small 'neap.architecture.mlp {}'
refused 1 small "train: the evaluator: expected a classifier that offers 'features'; mlp does not"
scored large 'neap.architecture.vit { rows = 4, columns = 8, classes = 10, patch = 4, width = 8, depth = 1, heads = 2 }'
refused 1 large "train: the evaluator judges [4, 8, 1] and 10 classes, the run draws [8, 8, 1] and 10"
scored nobody '"runs/nobody"'
refused 1 nobody "train: there is no checkpoint 'runs/nobody'"
scored number 3
refused 2 number "train: evaluator: expected a model, a run or a checkpoint, got '3'"
scored source 'neap.dataset.shapes {}'
refused 2 source "train: evaluator: expected a model, a run or a checkpoint, got neap.dataset"
finish
