#!/bin/sh
# Transformers with cross-attention of other programs, read by neap: they compute the same under each of their names, and an export
# gives the same tensors back. tests/golden/golden_cross.py says what the golden file holds.
# shellcheck source=tests/lua/shell.inc
. "$NEAP_SOURCE/tests/lua/shell.inc"
NEAP_TEST_GOLDEN=${NEAP_TEST_GOLDEN:-$NEAP_SOURCE/tests/golden}
export NEAP_TEST_GOLDEN

# golden.lua writes the files of other programs from the golden file; with run= it compares what a checkpoint computes, and with
# again= the tensors of an export.
cat >golden.lua <<'LUA'
local neap = require "neap"
local core = require "neap.core"

local o = neap.options { run = "", again = "" }
local golden = core.safetensors_open(os.getenv "NEAP_TEST_GOLDEN" .. "/cross.safetensors")
local model = core.json_decode(golden:metadata().models).pixart

local function value(key)
  return golden:load("pixart/" .. key)
end

local function names()
  local list = {}
  for _, entry in ipairs(golden:tensors()) do
    list[#list + 1] = entry.name:match "^pixart/weight/(.*)$"
  end
  return list
end

local function save_diffusers(folder)
  local list = {}
  for i, name in ipairs(names()) do
    list[i] = { name, value("weight/" .. name) }
  end
  core.folder_make(folder)
  core.file_save(folder .. "/config.json", core.json_encode(model.config))
  core.safetensors_save(folder .. "/diffusion_pytorch_model.safetensors", list, {})
end

-- The published file also has its fixed positions and its null text.
local function save_original(path)
  local list = { { "pos_embed", neap.full({ 1, 9, 12 }, 0) }, { "y_embedder.y_embedding", neap.zeros(5, 7) } }
  for name, others in pairs(model.original) do
    local parts = {}
    for i, other in ipairs(others) do
      parts[i] = value("weight/" .. other)
    end
    list[#list + 1] = { name, neap.concat(parts, 0) }
  end
  list[1][2] = require("neap.foreign.positions").tensor(3, 3, 12)
  table.sort(list, function(a, b) return a[1] < b[1] end)
  core.safetensors_save(path, list, {})
end

local TOLERANCE = 1e-4 -- of the largest value

local function compare(network)
  local got = network:velocity(value "x", value "t", { tokens = value "tokens", lengths = value "lengths" })
  local error_, largest = (got - value "velocity"):abs():max():item(), value "velocity":abs():max():item()
  if not (error_ <= TOLERANCE * largest) then
    core.fail(("expected values up to %g, got a difference of %g"):format(largest, error_))
  end
end

-- An export has no variances: the first half of the rows of the last layer, by groups of the channels.
local function compare_files(file)
  for _, name in ipairs(names()) do
    local x = value("weight/" .. name)
    if name:find "^proj_out" then
      local width = x:shape()[2] or 1
      x = x:reshape(4, 2, 2, width):slice(1, 0, 1):reshape(table.unpack(x:shape()[2] and { 8, width } or { 8 }))
    end
    if (x - file:load(name)):abs():max():item() ~= 0 then
      core.fail(name .. " differs")
    end
  end
end

if o.run ~= "" then
  compare(neap.checkpoint.load(o.run).model)
elseif o.again ~= "" then
  compare_files(core.safetensors_open(o.again .. "/diffusion_pytorch_model.safetensors"))
else
  save_diffusers "pixart"
  save_original "original.safetensors"
end
LUA
expect 0 "" neap run golden.lua

expect 0 "" neap import pixart -o network.safetensors prediction=v
expect 0 "" neap run golden.lua run=network.safetensors
expect 0 "" neap import original.safetensors -o other.safetensors prediction=v heads=2
expect 0 "" neap run golden.lua run=other.safetensors
same_text "import says what it read and what it left out" "original.safetensors: PixArt-alpha: 45 tensors, of which 0 are renamed
the last layer predicts variances beside its output; they are dropped
not read: tensors that are constant or serve training alone (2)" \
    "$(rm other.safetensors; neap import original.safetensors -o other.safetensors prediction=v heads=2 | sed -n 1,3p)"

expect 0 "" neap export network.safetensors -o again --as diffusers
expect 0 "" neap run golden.lua again=again
expect 0 "" neap import again -o again.safetensors
expect 0 "" neap run golden.lua run=again.safetensors
expect 1 "neap: export: facebookresearch/DiT: conditioning: expected adaln, got cross" \
    neap export network.safetensors -o out.safetensors --as dit
holds "nothing is written" absent out.safetensors

# --- Refusals ---------------------------------------------------------------------------------------------------------------

sed -i 's/"caption_channels": 7/"caption_channels": 8/' again/config.json
expect 1 "neap: again/config.json: caption_channels: expected 7, which the weights have, got 8" neap import again -o out.safetensors
sed -i 's/"in_channels"/"interpolation_scale": 2, "in_channels"/' pixart/config.json
expect 1 "neap: pixart/config.json: interpolation_scale: expected 1, which the weights have, got 2" \
    neap import pixart -o out.safetensors
holds "nothing is written" absent out.safetensors
finish
