#!/bin/sh
# Transformers with joint attention of diffusers, read by neap: they compute the same, and others are refused.
# tests/golden/golden_joint.py says what the golden file holds.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
NEAP_TEST_GOLDEN=${NEAP_TEST_GOLDEN:-$NEAP_SOURCE/tests/golden}
export NEAP_TEST_GOLDEN

# golden.lua writes the folders of diffusers from the golden file, each also with one tensor changed; with run= it compares what
# a checkpoint computes.
cat >golden.lua <<'LUA'
local neap = require "neap"
local core = require "neap.core"

local o = neap.options { model = "", run = "" }
local golden = core.safetensors_open(os.getenv "NEAP_TEST_GOLDEN" .. "/joint.safetensors")
local models = core.json_decode(golden:metadata().models)

-- The tensors of a model, but for the names in `other`: those are other tensors, or none where it says false.
local function weights_of(name, other)
  local list, start = {}, name .. "/weight/"
  for _, entry in ipairs(golden:tensors()) do
    local key = entry.name:sub(1, #start) == start and entry.name:sub(#start + 1)
    if key and other[key] ~= false then
      list[#list + 1] = { key, other[key] or golden:load(entry.name) }
    end
  end
  return list
end

local function save(folder, name, other)
  core.folder_make(folder)
  core.file_save(folder .. "/config.json", core.json_encode(models[name].config))
  core.safetensors_save(folder .. "/diffusion_pytorch_model.safetensors", weights_of(name, other), {})
end

local TOLERANCE = 1e-4 -- of the largest value

local function compare(name, model)
  local function value(key) return golden:load(name .. "/" .. key) end
  local got = model:velocity(value "x", value "t", { tokens = value "tokens", pooled = value "pooled" })
  local error_, largest = (got - value "velocity"):abs():max():item(), value "velocity":abs():max():item()
  if not (error_ <= TOLERANCE * largest) then
    core.fail(("%s: expected values up to %g, got a difference of %g"):format(name, largest, error_))
  end
end

if o.model ~= "" then
  compare(o.model, neap.checkpoint.load(o.run).model)
  return
end
save("sd3", "sd3", {})
save("sd35", "sd35", {})
local positions = golden:load "sd3/weight/pos_embed.pos_embed"
save("thirds", "sd3", { ["pos_embed.pos_embed"] = positions / 3 })
save("short", "sd3", { ["transformer_blocks.0.attn.add_q_proj.bias"] = false })
LUA
expect 0 "" neap run golden.lua

for name in sd3 sd35; do
    expect 0 "" neap import $name -o $name.safetensors rows=6
    expect 0 "" neap run golden.lua model=$name run=$name.safetensors
done
same_text "import says what it read and what it left out" "sd35: SD3Transformer2DModel: 57 tensors, of which 55 are renamed
not read: tensors that are constant or serve training alone (4)
sd35.safetensors" "$(rm sd35.safetensors; neap import sd35 -o sd35.safetensors rows=6)"

# --- Refusals ---------------------------------------------------------------------------------------------------------------

refuses() {
    refuses_message=$1
    shift
    expect 1 "neap: $refuses_message" neap import "$@" -o out.safetensors
    holds "nothing is written" absent out.safetensors
}
refuses "thirds: 'pos_embed.pos_embed': expected the fixed sines of positions 0, 1, 2, .., got values that differ by up to 0.667" thirds
refuses "sd3: 'pos_embed.pos_embed': expected [1, N * N, 12] for 5 rows and 4 columns of patches, got [1, 16, 12]" sd3 rows=10
refuses "short: read as SD3Transformer2DModel: missing tensors (1): 'transformer_blocks.0.attn.add_q_proj.bias' [12]" short
sed -i 's/"num_attention_heads": 2/"num_attention_heads": 3/' sd3/config.json
refuses "sd3/config.json: attention_head_dim: expected 4, which the weights have, got 6" sd3
finish
