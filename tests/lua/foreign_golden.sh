#!/bin/sh
# What other programs wrote, read by neap: small networks of diffusers compute the same in neap, under each of their names, and
# an export gives the same bytes back. tests/golden/golden_vae.py says what the golden file holds.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
NEAP_TEST_GOLDEN=${NEAP_TEST_GOLDEN:-$NEAP_SOURCE/tests/golden}
export NEAP_TEST_GOLDEN

# golden.lua writes the files of other programs from the golden file; with model= and run= it compares what a checkpoint
# computes.
cat >golden.lua <<'LUA'
local neap = require "neap"
local core = require "neap.core"

local o = neap.options { out = "theirs", model = "", run = "" }
local golden = core.safetensors_open(os.getenv "NEAP_TEST_GOLDEN" .. "/vae.safetensors")
local models = core.json_decode(golden:metadata().models)

-- --- Files ----------------------------------------------------------------------------------------------------------------

local function weights_of(name)
  local weights, start = {}, name .. "/weight/"
  for _, entry in ipairs(golden:tensors()) do
    if entry.name:sub(1, #start) == start then
      weights[entry.name:sub(#start + 1)] = golden:load(entry.name)
    end
  end
  return weights
end

-- A list in the order of names, since the file has one.
local function save(path, weights)
  local list = {}
  for name, x in pairs(weights) do
    list[#list + 1] = { name, x }
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  core.safetensors_save(path, list, {})
end

local function save_folder(path, config, weights)
  core.folder_make(path)
  core.file_save(path .. "/config.json", core.json_encode(config))
  save(path .. "/diffusion_pytorch_model.safetensors", weights)
end

-- Linear layers of the attention as convolutions.
local function with_taps(name, x)
  local shape = x:shape()
  return name:find "attn_1" and #shape == 2 and x:reshape { shape[1], shape[2], 1, 1 } or x
end

local function renamed(weights, names, start, change)
  local result = {}
  for name, other in pairs(names) do
    result[start .. other] = change and change(other, weights[name]) or weights[name]
  end
  return result
end

local function save_autoencoder(folder, name)
  local model, weights = models[name], weights_of(name)
  save_folder(folder .. "/" .. name, model.config, weights)
  if model.old then
    save_folder(folder .. "/" .. name .. "_old", model.config, renamed(weights, model.old, ""))
    save(folder .. "/" .. name .. "_ldm.safetensors", renamed(weights, model.ldm, "", with_taps))
    local whole = renamed(weights, model.ldm, "first_stage_model.", with_taps)
    whole["model.diffusion_model.out.weight"], whole["first_stage_model.loss.logvar"] = neap.zeros(3), neap.zeros(1)
    save(folder .. "/" .. name .. "_whole.safetensors", whole)
  end
end

-- Rows of several tensors, or one tensor.
local function joined(weights, names)
  if type(names) == "string" then
    return weights[names]
  end
  local list = {}
  for i, name in ipairs(names) do
    list[i] = weights[name]
  end
  return neap.concat(list, 0)
end

local function save_transformer(folder)
  local model, weights, original = models.dit, weights_of "dit", {}
  save_folder(folder .. "/dit", model.config, weights)
  for name, others in pairs(model.original) do
    original[name] = joined(weights, others)
  end
  original.pos_embed = golden:load "dit/positions"
  save(folder .. "/dit_original.safetensors", original)
end

-- --- Values ---------------------------------------------------------------------------------------------------------------

local TOLERANCE = 1e-4 -- of the largest value

local function compare(what, got, name)
  local expected = golden:load(name)
  local error_, largest = (got - expected):abs():max():item(), expected:abs():max():item()
  if not (error_ <= TOLERANCE * largest) then
    core.fail(("%s: %s: expected values up to %g, got a difference of %g"):format(name, what, largest, error_))
  end
end

local function compare_autoencoder(name, model)
  local x, z = golden:load(name .. "/x"), golden:load(name .. "/z")
  local moments = model:encode(x)
  compare("encode", name == "tiny" and moments:chunk(2) or moments, name .. "/moments")
  compare("decode", model:decode(z), name .. "/picture")
end

local function compare_transformer(model)
  local x, t, labels = golden:load "dit/x", golden:load "dit/t", golden:load "dit/labels"
  compare("velocity", model:velocity(x, t, { labels = labels }), "dit/velocity")
end

if o.model == "" then
  for _, name in ipairs { "kl", "plain", "tiny" } do
    save_autoencoder(o.out, name)
  end
  save_transformer(o.out)
else
  local model = neap.checkpoint.load(o.run).model
  if o.model == "dit" then
    compare_transformer(model)
  else
    compare_autoencoder(o.model, model)
  end
end
LUA
mkdir theirs
expect 0 "" neap run golden.lua

# --- Import -------------------------------------------------------------------------------------------------------------

# reads MODEL FILE [key=value ...]: the import computes what MODEL of the golden file does.
reads() {
    model=$1
    from=$2
    shift 2
    expect 0 "" neap import "theirs/$from" -o "${from%.safetensors}.safetensors" "$@"
    expect 0 "" neap run golden.lua model="$model" run="${from%.safetensors}.safetensors"
}

for name in kl plain tiny; do
    reads $name $name rows=8 columns=12
done
for name in kl plain; do
    settings="rows=8 columns=12"
    [ $name = plain ] && settings="$settings groups=4" || settings="$settings groups=2"
    # shellcheck disable=SC2086
    {
        reads $name ${name}_ldm.safetensors $settings
        reads $name ${name}_whole.safetensors $settings
    }
done
reads kl kl_old rows=8 columns=12
reads dit dit prediction=v
reads dit dit_original.safetensors prediction=v heads=2
same_text "import says what it read and what it left out" \
    "theirs/dit: DiTTransformer2DModel: 31 tensors, of which 31 are renamed
the last layer predicts variances beside its output; they are dropped" \
    "$(rm dit.safetensors; neap import theirs/dit -o dit.safetensors prediction=v | sed -n 1,2p)"
same_text "import of a whole checkpoint says how much of it" "not read: tensors outside of first_stage_model. (1)
not read: tensors that are constant or serve training alone (1)" \
    "$(rm kl_whole.safetensors; neap import theirs/kl_whole.safetensors -o kl_whole.safetensors size=8 groups=2 | grep '^not read')"
same_text "with --verbose it names each" "  decoder.up_blocks.0.resnets.0.conv1.weight <- decoder.up.2.block.0.conv1.weight" \
    "$(rm plain_ldm.safetensors; neap import theirs/plain_ldm.safetensors -o plain_ldm.safetensors size=8 groups=4 --verbose |
        grep 'decoder.up_blocks.0.resnets.0.conv1.weight')"

# --- Statistics of latents ------------------------------------------------------------------------------------------------

cat >statistics.lua <<'LUA'
local neap = require "neap"
for _, name in ipairs { "kl", "plain", "tiny", "kl_ldm" } do
  local model = neap.checkpoint.load(name .. ".safetensors").model
  local function row(key) return table.concat(model:parameter("latents." .. key):tolist(), " ") end
  print(name, row "mean", row "deviation", model:measured())
end
LUA
expect 0 "" neap run statistics.lua
same_text "shift and scale, or mean and deviation of each channel" "kl	0.25 0.25	2.0 2.0	true
plain	0.5 0.0 -1.0	1.0 2.0 0.5	true
tiny	0.0 0.0	1.0 1.0	false
kl_ldm	0.0 0.0	1.0 1.0	false" "$(cat stdout)"

# --- Export, and import again ----------------------------------------------------------------------------------------------

# equal.lua names the tensors of two files that differ.
cat >equal.lua <<'LUA'
local core = require "neap.core"
local o = require("neap").options { a = "a", b = "b" }
local a, b = core.safetensors_open(o.a), core.safetensors_open(o.b)
local function differs(name)
  local x, y = a:load(name), b:load(name)
  return not y or table.concat(x:shape(), " ") ~= table.concat(y:shape(), " ") or (x - y):abs():max():item() ~= 0
end
local different = { #a:tensors() == #b:tensors() and "differ:" or "other tensors:" }
for _, entry in ipairs(a:tensors()) do
  different[#different + 1] = differs(entry.name) and entry.name or nil
end
print(table.concat(different, " "))
LUA

# returns NAME [key=value ...]: an export of diffusers has the tensors that were imported, and imports to the same bytes.
returns() {
    name=$1
    shift
    expect 0 "" neap export "$name.safetensors" -o "again/$name" --as diffusers
    expect 0 "" neap run equal.lua "a=theirs/$name/diffusion_pytorch_model.safetensors" "b=again/$name/diffusion_pytorch_model.safetensors"
    same_text "$name: the same tensors" "differ:" "$(cat stdout)"
    expect 0 "" neap import "again/$name" -o "again/$name.safetensors" "$@"
    holds "$name: the same bytes" cmp "$name.safetensors" "again/$name.safetensors"
}
mkdir again
for name in kl plain tiny; do
    returns $name rows=8 columns=12
done
expect 0 "" neap export dit_original.safetensors -o again/dit --as diffusers
expect 0 "" neap import again/dit -o again/dit.safetensors
holds "an export says what the network predicts" cmp dit.safetensors again/dit.safetensors
expect 0 "" neap export again/dit.safetensors -o again/original.safetensors --as dit
expect 0 "" neap import again/original.safetensors -o again/original_dit.safetensors prediction=v heads=2
expect 0 "" neap run equal.lua a=dit.safetensors b=again/original_dit.safetensors
same_text "a transformer through both formats" "differ:" "$(cat stdout)"
expect 0 "" neap run equal.lua a=theirs/dit_original.safetensors b=again/original.safetensors
same_text "the original's tensors, but for those of variances" "differ: final_layer.linear.bias final_layer.linear.weight" "$(cat stdout)"

# --- Use ---------------------------------------------------------------------------------------------------------------------

expect 0 "" neap sample dit.safetensors -n 2 --raw drawn.npy steps=2
expect 0 "" neap import theirs/dit -o silent.safetensors
same_text "without prediction= it says so" "nothing says what the network predicts" "$(grep -o '^nothing says what the network predicts' stdout)"
expect 1 "neap: silent.safetensors: nothing says what this network predicts; import it again with prediction=v, x0 or noise" \
    neap sample silent.safetensors --raw drawn.npy
expect 0 "" neap import theirs/kl -o square.safetensors size=8
cat >latent.lua <<'LUA'
local neap = require "neap"
neap.train {
  model = neap.architecture.dit { rows = 4, columns = 4, channels = 2, patch = 2, width = 16, heads = 2, depth = 1 },
  autoencoder = "square.safetensors", data = neap.dataset.stacked { of = neap.dataset.shapes { size = 8 } },
  objective = neap.objective.flow_matching {}, optimizer = neap.optimizer.adamw { lr = 1e-3 }, batch = 4, steps = 2,
}
LUA
expect_like 0 "*" neap run latent.lua
expect_like 0 "1 samples in *decoding" neap sample runs/latent -n 1 -o drawn.png
finish
