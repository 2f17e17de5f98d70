--- Encodes a data set once, so that a flow in the latents of an autoencoder trains without encoding in every step.
-- neap.dataset.latents reads the file.
local core = require "neap.core"
local check = require "neap.check"
local checkpoint = require "neap.checkpoint"
local compare = require "neap.checkpoint.compare"
local format = require "neap.format"
local output = require "neap.output"
local precision = require "neap.train.precision"
local progress = require "neap.progress"
local rule = require "neap.rule"
local setting = require "neap.setting"
local tensor = require "neap.tensor"

local SETTINGS = {
  { "autoencoder", checkpoint.rule "encode", "Encodes the pictures.", required = true },
  { "data", rule.thing("neap.dataset", "a data set"), "The pictures.", required = true },
  { "path", rule.text "a path", "The file, which ends in .safetensors.", required = true },
  { "batch", rule.whole(1), "Pictures encoded at a time.", default = 64 },
  { "flip", rule.flag, "Also encodes the mirrored pictures.", default = false },
  { "precision", precision.rule, "Precision of products.", default = "fp32" },
}
local KEYS, RULES, REQUIRED = setting.declare("neap.encode", SETTINGS), setting.rules(SETTINGS), setting.required(SETTINGS)

local function settings_of(given)
  check.keys("encode", given, KEYS)
  local own = setting.defaults(SETTINGS)
  check.required("encode", given, REQUIRED)
  for key, value in pairs(given) do
    own[key] = rule.read("encode: " .. key, RULES[key], value)
  end
  output.check("encode: path", own.path, { "safetensors" })
  return own
end

local function check_fit(own)
  local name, spec, data = own.autoencoder:component():name(), own.autoencoder:spec(), own.data:spec()
  for _, what in ipairs { "encode", "decode" } do
    if not own.autoencoder:offers(what) then
      core.fail(("encode: expected an autoencoder, got %s, which does not offer '%s'"):format(name, what))
    end
  end
  if data.latent then
    core.fail(("encode: expected a data set of pictures, got %s, which is encoded"):format(own.data:component():name()))
  elseif format.pictures(spec) ~= format.pictures(data) then
    core.fail(("encode: %s encodes pictures %s; the data set has %s"):format(name, format.pictures(spec),
      format.pictures(data)))
  end
end

-- --- The file ---------------------------------------------------------------------------------------------------------

-- { { name, dtype, shape }, ... } in the order of the file: moments, then what the data set has for each example.
local function layout_of(own, rows)
  local latent, data = own.autoencoder:spec().latent, own.data:spec()
  local list, picture = { { "moments", "f32", { rows, latent.height, latent.width, 2 * latent.channels } } }, data.picture
  if picture then
    list[#list + 1] = { "picture", "f32", { rows, picture.height, picture.width, picture.channels } }
  end
  if data.classes > 0 then
    list[#list + 1] = { "labels", "i32", { rows } }
  end
  if data.text then
    list[#list + 1] = { "lengths", "i32", { rows } }
    list[#list + 1] = { "text", "u8", { rows, data.text } }
  end
  return list
end

local function description(data)
  return core.json_encode(compare.describe(data:component()), true)
end

local function metadata_of(own)
  local classes = own.data:spec().classes
  local pairs_ = {
    { "neap.version", core.version }, { "neap.fingerprint", own.autoencoder:fingerprint() },
    { "neap.dataset", description(own.data) },
  }
  if classes > 0 then
    pairs_[#pairs_ + 1] = { "neap.classes", tostring(classes) }
  end
  for label = 0, classes - 1 do
    local name = own.data:label_name(label)
    pairs_[#pairs_ + 1] = name and { ("neap.label.%d"):format(label), name }
  end
  return pairs_
end

local BYTES = { f32 = 4, i32 = 4, u8 = 1 }

-- Latents replace latents, or a damaged file, but no other weights.
local function check_replaced(path)
  local done, opened = pcall(core.safetensors_open, path)
  if not done then
    return
  end
  local file <close>, names = opened, {}
  for _, entry in ipairs(file:tensors()) do
    names[entry.name] = true
  end
  if not names.moments then
    core.fail_usage(("encode: %s would be replaced; expected a new file or one of latents"):format(path))
  end
end

local function check_room(path, list)
  local size, room, place = 0, output.room(path)
  for _, entry in ipairs(list) do
    local bytes = BYTES[entry[2]]
    for _, n in ipairs(entry[3]) do
      bytes = bytes * n
    end
    size = size + bytes
  end
  if room and room < size then
    core.fail(("encode: %s: no room for the latents: expected %d free bytes, got %d"):format(place, size, room))
  end
end

-- --- Encoding ---------------------------------------------------------------------------------------------------------

-- Mirrors the columns of pictures [B, H, W, C].
local function mirrored(x)
  local b, h, w, c = table.unpack(core.methods.shape(x))
  local columns = core.ops.reshape(core.ops.permute(x, { 2, 0, 1, 3 }), { w, b * h * c })
  local turned = core.ops.embedding(columns, core.count(w - 1, -1, w, "i32"))
  return core.ops.contiguous(core.ops.permute(core.ops.reshape(turned, { w, b, h, c }), { 1, 2, 0, 3 }))
end

-- A difference of equal values is 0, unless they are infinite or NaN.
local function is_finite(x)
  return core.ops.sum(core.ops.sub(x, x)):item() == 0
end

local function moments_of(own, x, first)
  local moments = tensor.no_grad(own.autoencoder.encode, own.autoencoder, x)
  if not is_finite(moments) then
    core.fail(("encode: %s: the moments of examples %d to %d are not finite"):format(own.autoencoder:component():name(), first,
      first + core.methods.shape(x)[1] - 1))
  end
  return moments
end

-- The rows of one tensor of the file, for examples from `first` on.
local function rows_of(own, name, first, flip)
  local indices = {}
  for i = first, math.min(first + own.batch, own.data:count()) - 1 do
    indices[#indices + 1] = i
  end
  local x, _, condition = own.data:read(indices)
  if name == "moments" then
    return moments_of(own, flip and mirrored(x) or x, first)
  end
  return name == "picture" and flip and mirrored(condition.picture) or condition[name]
end

local function write(own, file, list)
  local count, passes = own.data:count(), own.flip and 2 or 1
  local bar, began = progress.new(count * passes, 0, { unit = "picture" }), core.now()
  for _, entry in ipairs(list) do
    for pass = 1, passes do
      for first = 0, count - 1, own.batch do
        file:add(rows_of(own, entry[1], first, pass == 2))
        if core.interrupted() then
          core.fail "interrupted"
        elseif entry[1] == "moments" then
          bar:update((pass - 1) * count + math.min(first + own.batch, count), core.now() - began, math.huge)
        end
      end
    end
  end
  bar:clear()
end

local function rows_for(own)
  return own.data:count() * (own.flip and 2 or 1)
end

local encode = {}

--- Is there already a file with these settings: the same weights, data set and number of examples?
function encode.is_there(given)
  local own = settings_of(given)
  if core.exists(own.path) ~= "file" then
    return false
  end
  local done, same = pcall(function()
    local cached <close> = core.source(core.component("dataset", "latents", { path = own.path }))
    return cached:encoded_by() == own.autoencoder:fingerprint() and cached:encoded_from() == description(own.data)
      and cached:count() == rows_for(own)
  end)
  return done and same
end

--- neap.encode { autoencoder, data, path, batch, flip, precision }: writes the moments of the latents of all examples, with
-- their labels and texts, to a .safetensors file, and returns its path. `autoencoder` is a model, a run or a checkpoint. With
-- `flip`, the mirrored pictures follow as further examples. One batch at a time is in memory.
function encode.encode(given)
  local own = settings_of(given)
  check_fit(own)
  local list = layout_of(own, rows_for(own))
  check_replaced(own.path)
  check_room(own.path, list)
  local before = precision.set((precision.choose(own.precision)))
  local done, reason = pcall(function()
    local file <close> = core.safetensors_pieces(own.path, list, metadata_of(own))
    write(own, file, list)
    file:save()
  end)
  precision.set(before)
  if not done then
    error(reason, 0)
  end
  return own.path
end

return encode
