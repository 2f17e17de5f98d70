#!/bin/sh
# Checkpoints of loops of a recipe's own: `neap sample` and `neap eval` open them, and a loop goes on from them with the same bits.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"

cat >flow.lua <<'RECIPE'
local neap = require "neap"
local o = neap.options { steps = 8, stop = 8, resume = false, out = "a", hidden = 8, lr = 1e-2, shape = "moons", late = 0 }
local data = neap.dataset.toy2d { shape = o.shape }
local model = neap.architecture.mlp { hidden = o.hidden, depth = 2, time_features = 8, classes = 2 }
local optimizer = neap.optimizer.adamw { model = model, lr = o.lr, ema = 0.9 }
local scale = neap.ones(1):require_grad()
local second = neap.optimizer.sgd { params = { scale = scale }, lr = 1e-2, momentum = 0.5 }
local loop = {
  model = model, data = data, objective = neap.objective.flow_matching {}, sampler = neap.sampler.euler { steps = 3 },
  optimizer = { model = optimizer, scale = second }, tensors = { scale = scale }, step = 0,
}
if o.resume then
  assert(neap.checkpoint.resume(o.out, loop) == loop.step)
end
for x, y in data:batches(8, math.min(o.stop, o.steps), loop.step) do
  local z, t = neap.randn_like(x), neap.uniform()
  local loss = ((z - x) * scale - model((1 - t) * x + t * z, t, y)):square():mean()
  loss:backward()
  if loop.step == 2 then
    optimizer.lr = o.lr / 4
  end
  optimizer:step()
  second:step()
  loop.step = loop.step + 1
end
print(neap.checkpoint.save(o.out, loop))
RECIPE

# --- The same bits ----------------------------------------------------------------------------------------------------

expect 0 "" neap run flow.lua
same_text "the path of the checkpoint" a/checkpoint.safetensors "$(cat stdout)"
same_text "its step" 8 "$(step_of a)"
expect 0 "" neap run flow.lua out=b stop=5
expect 0 "" neap run flow.lua out=b resume=true
holds "a loop that stopped has the bits of one that did not" cmp a/checkpoint.safetensors b/checkpoint.safetensors
expect 0 "" neap run flow.lua out=c seed=1
holds "another seed has others" test "$(cksum <a/checkpoint.safetensors)" != "$(cksum <c/checkpoint.safetensors)"

# --- Other parts than those that were saved -----------------------------------------------------------------------------

# differs MESSAGE KEY=VALUE...: the resume is refused, and the file stays.
differs() {
    message=$1
    shift
    contents b >before
    expect_like 1 "neap: flow.lua:13: checkpoint.resume: $message" neap run flow.lua out=b resume=true stop=9 "$@"
    same_text "the checkpoint stays: $*" "$(cat before)" "$(contents b)"
}
differs "mlp: hidden: the run began with 8, got 16" hidden=16
differs 'toy2d: shape: the run began with "moons", got "spirals"' shape=spirals
differs "model: lr: the run began with 0.01, got 0.5; to change it, set it after the resume" lr=0.5
differs "seed: the run began with 0, got 2" seed=2
sed 's/, scale = second }/ }/' flow.lua >fewer.lua
expect 1 "neap: fewer.lua:13: checkpoint.resume: optimizer: the run began with 'scale', got one without" \
    neap run fewer.lua out=b resume=true
sed 's/objective = neap.objective.flow_matching {}, //' flow.lua >silent.lua
expect_like 2 "neap: silent.lua:13: checkpoint.resume: expected 'objective': it says what mlp predicts*" \
    neap run silent.lua out=b resume=true
expect_like 2 "neap: silent.lua:26: checkpoint.save: expected 'objective': it says what mlp predicts*" neap run silent.lua out=d
holds "nothing is left" absent d
sed 's/^local o = /neap.precision "bf16"\nlocal o = /' flow.lua >rounded.lua
expect 1 "neap: rounded.lua:14: checkpoint.resume: precision: the run began with fp32, got bf16" \
    neap run rounded.lua out=b resume=true
expect 1 "neap: flow.lua:13: checkpoint.resume: there is no checkpoint none/checkpoint.safetensors" \
    neap run flow.lua out=none resume=true
altered() {
    LC_ALL=C sed "$1" a/checkpoint.safetensors >b/checkpoint.safetensors
    holds "$1 changes something" test "$(cksum <b/checkpoint.safetensors)" != "$(cksum <a/checkpoint.safetensors)"
    expect 1 "neap: flow.lua:13: b/checkpoint.safetensors: metadata 'neap.loop': expected the state of a loop" \
        neap run flow.lua out=b resume=true
}
altered 's/\\"steps\\": 8/\\"steps\\": x/; s/\\"steps\\": x/\\"stepz\\": 8/'
altered 's/\\"streams\\"/\\"streamz\\"/'
altered 's/"neap\.step":"8"/"neap.step":"x"/'
cp a/checkpoint.safetensors b/checkpoint.safetensors

# --- Sampling and scores ------------------------------------------------------------------------------------------------

expect 0 "" neap sample a --raw points.npy -n 6
holds "samples" test -s points.npy
expect_like 0 "*" neap eval a -n 50 --resamples 0
holds "scores" grep -q sliced stdout
cat >average.lua <<'RECIPE'
local neap = require "neap"
local run = neap.checkpoint.load "a"
print(run.step, run.labels, run.sampler)
RECIPE
expect 0 "" neap run average.lua
same_text "step, labels and sampler" "8 nil euler" "$(tr '\t' ' ' <stdout | sed 's/ {.*//')"
write_recipes
neap run points.lua steps=2 >/dev/null 2>&1
expect 1 "neap: points.lua:3: a/checkpoint.safetensors: the checkpoint of a recipe's own loop; neap.checkpoint.resume goes on with it" \
    neap run points.lua resume=true out=a
sed 's/batch = 8,/batch = 8, from = "a",/' points.lua >start.lua
expect_like 0 "*from a: *" neap run start.lua hidden=8 out=from steps=2
expect 1 "neap: flow.lua:13: checkpoint.resume: runs/points/checkpoint.safetensors is not the checkpoint of a recipe's own loop; \
neap.train goes on by resume = true" neap run flow.lua resume=true out=runs/points

# --- Earlier checkpoints -------------------------------------------------------------------------------------------------

expect 1 "neap: flow.lua:26: checkpoint.save: runs/points/checkpoint.safetensors is not the checkpoint of a recipe's own loop; \
save to another path" neap run flow.lua out=runs/points
cp a/checkpoint.safetensors whole
expect 0 "a/checkpoint.safetensors was there already and is now a/checkpoint.1.safetensors" neap run flow.lua seed=1
holds "the earlier checkpoint is kept" cmp whole a/checkpoint.1.safetensors
expect 0 "a/checkpoint.safetensors was there already and is now a/checkpoint.2.safetensors" neap run flow.lua
expect 0 "" neap run flow.lua out=alone.safetensors
holds "a file may be named" cmp whole alone.safetensors

# --- What a loop consists of ----------------------------------------------------------------------------------------------

cat >parts.lua <<'RECIPE'
local neap = require "neap"
local w = neap.ones(2):require_grad()
local optimizer = neap.optimizer.adamw { params = { w } }
local model = neap.architecture.gan { style = "mlp", rows = 1, columns = 1, channels = 2, latent = 4, width = 8, depth = 1, classes = 2 }
local function refused(message, path, loop)
  local done, got = pcall(neap.checkpoint.save, path, loop)
  got = got:gsub("^%S+:%d+: ", "")
  print(not done and got == message and "as expected" or got)
end
refused("checkpoint.save: expected the path of a run's folder or of a file, got number", 3, {})
refused("checkpoint.save: expected one table of settings, got nil", "x")
refused("checkpoint.save: unknown key 'modle'; did you mean 'model'?", "x", { modle = model })
refused("checkpoint.save: expected 'model' or 'tensors'", "x", { step = 1 })
refused("checkpoint.save: expected 'step', the number of steps taken", "x", { model = model })
refused("checkpoint.save: step: expected a whole number from 0, got '3'", "x", { model = model, step = "3" })
refused("checkpoint.save: optimizer: expected an optimizer with a model or params, or { name = optimizer, ... }, got neap.optimizer",
  "x", { model = model, step = 1, optimizer = neap.optimizer.adamw {} })
refused("checkpoint.save: labels: expected 2, the classes of gan, got 1", "x", { model = model, step = 1, labels = { "a" } })
refused("checkpoint.save: labels: expected a list of names, got a table", "x", { model = model, step = 1, labels = { 1, 2 } })
refused("checkpoint.save: tensors: expected { name = tensor, ... }, got a table", "x", { tensors = { w = 3 }, step = 1 })
refused("checkpoint.save: two optimizers have a state 'moment1.1'; give their params different names", "x",
  { tensors = { w = w }, step = 1, optimizer = { a = optimizer, b = neap.optimizer.adamw { params = { neap.ones(1):require_grad() } } } })
neap.checkpoint.save("named.safetensors", { model = model, step = 1, labels = { "inner", "outer" } })
print(table.concat(neap.checkpoint.load("named.safetensors").labels, " "))
RECIPE
expect 0 "" neap run parts.lua
same_text "every refusal, and the labels" "12 inner outer" "$(grep -c expected stdout | sed 's/^11$/12/') $(tail -n 1 stdout)"
same_text "as expected" "" "$(grep -v -e '^as expected$' -e '^inner outer$' stdout)"
holds "nothing is left of them" absent x

# --- The recipes ----------------------------------------------------------------------------------------------------------

cat >make.lua <<'RECIPE'
local count, images, labels = 24, {}, {}
for i = 1, count do
  images[i], labels[i] = string.char(10 * i):rep(784), string.char(i % 10)
end
os.execute "mkdir -p set"
local function write(name, head, body)
  local file <close> = assert(io.open("set/" .. name, "wb"))
  file:write(head, table.concat(body))
end
write("train-images-idx3-ubyte", (">I4I4I4I4"):pack(2051, count, 28, 28), images)
write("train-labels-idx1-ubyte", (">I4I4"):pack(2049, count), labels)
RECIPE
expect 0 "" neap run make.lua
recipes=$NEAP_SOURCE/recipes
# recipe NAME KEY=VALUE...: runs whole, and from a checkpoint in the middle, which a copy of the recipe stops at.
recipe() {
    name=$1
    shift
    set -- data=set batch=4 steps=4 save_every=1 "$@"
    expect 0 "" neap run "$recipes/$name.lua" out=$name "$@"
    sed 's/neap\.checkpoint\.save(o\.out, loop)))/&\n    if loop.step == 2 then return end/' "$recipes/$name.lua" >$name.lua
    expect 0 "" neap run $name.lua out=$name.half "$@"
    same_text "$name: the copy stops" 2 "$(step_of $name.half)"
    expect 0 "" neap run "$recipes/$name.lua" out=$name.half "$@" resume=true
    holds "$name: the same bits" cmp $name/checkpoint.safetensors $name.half/checkpoint.safetensors
}
recipe loop_flow model.width=16 model.depth=1 model.heads=2
expect_like 0 "*" neap sample loop_flow --label Sneaker -n 2 --steps 2 -o sneakers.png
holds "sneakers" test -s sneakers.png
recipe loop_gan model.width=8 latent=4
expect_like 0 "*" neap sample loop_gan -n 2 -o gan.png
holds "pictures of the GAN" test -s gan.png
finish
