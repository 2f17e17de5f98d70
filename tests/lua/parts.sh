#!/bin/sh
# Which other examples a data set has to test on: half of a folder, another draw, those of the data set inside; and none.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

cat >parts.lua <<'RECIPE'
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check, core, neap = require "check", require "neap.core", require "neap"
local test, equal, raises = check.test, check.equal, check.raises

-- IDX files of `count` pictures of 2 by 2, all of one level, whose labels are all `label`.
local function write(half, count, level, label)
  local function file(name, header, bytes)
    local out <close> = io.open(("set/%s-%s-ubyte"):format(half, name), "wb")
    out:write(header, bytes)
  end
  file("images-idx3", string.pack(">BBBBI4I4I4", 0, 0, 8, 3, count, 2, 2), string.char(level):rep(4 * count))
  file("labels-idx1", string.pack(">BBBBI4", 0, 0, 8, 1, count), string.char(label):rep(count))
end
write("train", 6, 255, 1)
write("t10k", 4, 0, 0)

-- The config of a part, and whether it is drawn; its own config stays as it was.
local function part(data, which, draw, count)
  local component = data:component()
  local before = component:json()
  local other, drawn = core.dataset_part(component, which, draw or 1, count or 7)
  equal(component:json(), before)
  return core.json_decode(other:json()), drawn, core.source(other)
end

test("a folder has a half to train on and one to test on", function()
  for _, split in ipairs { "train", "test" } do
    local data = neap.dataset.idx { path = "set", split = split, classes = 3, label_names = "a,b,c" }
    local own, drawn, source = part(data, "test")
    equal({ own.path, own.split, own.classes, own.label_names, drawn }, { "set", "test", 3, "a,b,c", false })
    local x, labels = source:read { 0, 3 }
    equal({ source:count(), x:max():item(), labels:tolist() }, { 4, -1, { 0, 0 } })
    own, drawn, source = part(data, "train")
    equal({ own.split, drawn, source:count(), (source:read { 0 }):max():item() }, { "train", false, 6, 1 })
  end
end)

test("single files have neither", function()
  local data = neap.dataset.idx { images = "set/train-images-idx3-ubyte" }
  for _, which in ipairs { "test", "train" } do
    raises("idx: expected a folder with a half for testing, got single files", function()
      core.dataset_part(data:component(), which, 1, 7)
    end)
  end
end)

test("what is drawn is drawn anew to test on", function()
  for _, name in ipairs { "shapes", "toy2d" } do
    local data = neap.dataset[name] { seed = 5, count = 20, labels = false }
    local own, drawn, source = part(data, "test", 3, 9)
    equal({ own.seed, own.count, own.labels, drawn, source:count() }, { 8, 9, false, true, 9 })
    check.truth((source:read({ 0 }) - data:read { 0 }):abs():max():item() > 0, "the draw is that of training")
    own, drawn = part(data, "train", 3, 9)
    equal({ own.seed, own.count, drawn }, { 5, 20, true })
  end
end)

test("stacked: the part of the data set inside, stacked anew", function()
  local inside = neap.dataset.idx { path = "set", split = "train", classes = 2 }
  local data = neap.dataset.stacked { of = inside:component(), count = 30, seed = 2 }
  local own, drawn, source = part(data, "test", 4, 9)
  equal({ own.seed, own.count, own.of.config.split, drawn }, { 6, 9, "test", true })
  local x, labels = source:read { 0, 8 }
  equal({ x:max():item(), labels:tolist() }, { -1, { 0, 0 } })
  own, drawn, source = part(data, "train", 4, 9)
  equal({ own.seed, own.count, own.of.config.split, drawn }, { 2, 30, "train", true })
  equal(select(2, source:read { 0 }), { 7 }) -- the label 1 three times, of two classes
  local shapes = neap.dataset.shapes { size = 8, seed = 1, count = 50 }
  own = part(neap.dataset.stacked { of = shapes:component() }, "test", 4, 9)
  equal({ own.seed, own.of.config.seed, own.of.config.count }, { 4, 5, 9 })
  local single = neap.dataset.stacked { of = neap.dataset.idx({ images = "set/train-images-idx3-ubyte" }):component() }
  raises("stacked: idx: expected a folder with a half for testing, got single files", function()
    core.dataset_part(single:component(), "test", 1, 7)
  end)
end)

test("coupled noise is of the examples of training alone", function()
  local x = neap.zeros(4, 1, 1, 2)
  core.safetensors_save("pairs.safetensors", { { "x", x }, { "noise", x } }, {})
  local data = neap.dataset.coupled { path = "pairs.safetensors" }
  raises("coupled: the data set has no part for testing", function()
    core.dataset_part(data:component(), "test", 1, 7)
  end)
end)

test("a part is one of two", function()
  local data = neap.dataset.toy2d {}
  raises("bad argument #2 to 'dataset_part' (invalid option 'half')", function()
    core.dataset_part(data:component(), "half", 1, 7)
  end)
end)
check.finish()
RECIPE
mkdir set
expect 0 "" neap run parts.lua
same_text "parts" "cases: 6 passed, 0 failed" "$(tail -n 1 stdout)"
[ "$status" = 0 ] || cat stdout

# --- The command line -------------------------------------------------------------------------------------------------

# On single files a run trains, and is scored on what --data names.
cat >single.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { score = 0 }
local source = neap.dataset.shapes { size = 8, count = 40 }
local out <close> = io.open("images", "wb")
out:write(string.pack(">BBBBI4I4I4", 0, 0, 8, 3, 40, 8, 8))
for i = 0, 39 do
  local bytes = ((source:read({ i }):reshape(64) + 1) * 127.5):tolist()
  for k, level in ipairs(bytes) do
    bytes[k] = string.char(math.floor(level + 0.5))
  end
  out:write(table.concat(bytes))
end
out:close()
neap.train {
  model = neap.architecture.dit { size = 8, channels = 1, patch = 4, width = 16, depth = 1, heads = 2 },
  data = neap.dataset.idx { images = "images" }, objective = neap.objective.flow_matching {},
  optimizer = neap.optimizer.adamw {}, sampler = neap.sampler.euler { steps = 2 }, score_every = o.score,
  evaluator = neap.architecture.vit { rows = 8, columns = 8, classes = 10, patch = 4, width = 8, depth = 1, heads = 2 },
  precision = "fp32", batch = 4, steps = 2, samples = 4,
}
RECIPE
cat >judge.lua <<'RECIPE'
local neap = require "neap"
neap.train {
  model = neap.architecture.vit { rows = 8, columns = 8, classes = 10, patch = 4, width = 8, depth = 1, heads = 2 },
  data = neap.dataset.shapes { size = 8 }, objective = neap.objective.classification {},
  optimizer = neap.optimizer.adamw {}, precision = "fp32", batch = 4, steps = 1,
}
RECIPE
neap run judge.lua >/dev/null 2>&1
expect_like 0 "${machine}dit: *" neap run single.lua
single="idx: expected a folder with a half for testing, got single files"
expect 1 "neap: eval: $single; give another data set with --data FOLDER" neap eval runs/single -n 8 --evaluator runs/judge
expect 1 "neap: single.lua:14: train: score_every: $single" neap run single.lua score=1
mkdir shown
cp images shown/train-images-idx3-ubyte
cp images shown/t10k-images-idx3-ubyte
for half in train t10k; do
    { printf '\0\0\10\1\0\0\0\50' && printf '%040d' 0 | tr 0 '\0'; } >shown/$half-labels-idx1-ubyte
done
expect 0 "" neap eval runs/single -n 8 --evaluator runs/judge --data shown --metric frechet --resamples 0
finish
