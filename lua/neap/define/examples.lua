--- Examples from what a recipe has: { x, labels, texts, picture, noise, names, classes }, in the form that the core reads.
local core = require "neap.core"
local check = require "neap.check"

local examples, ops = {}, core.ops

examples.KEYS = { "x", "labels", "texts", "picture", "noise", "names", "classes" }

local function fail(who, format, ...)
  core.fail_usage(who .. ": " .. format:format(...))
end

local function is_tensor(value)
  local meta = type(value) == "userdata" and getmetatable(value)
  return type(meta) == "table" and meta.__name == "neap.tensor"
end

-- Pictures f32 [N, H, W, C]; of u8, 0 to 255 become -1 to 1. Points [N, D] become [N, 1, 1, D].
local function pictures(who, key, value)
  if value == nil and key ~= "x" then
    return nil
  elseif not is_tensor(value) then
    fail(who, "%s: expected a tensor, got %s", key, type(value))
  end
  if value.dtype == "u8" then
    value = ops.affine(ops.cast(value, "f32"), { scale = 1 / 127.5, shift = -1 })
  end
  local shape = core.methods.shape(value)
  if #shape == 2 then
    value = ops.reshape(value, { shape[1], 1, 1, shape[2] })
  elseif #shape ~= 4 then
    fail(who, "%s: expected [N, H, W, C] or [N, D], got %d axes", key, #shape)
  end
  return ops.contiguous(value)
end

local function labels(value)
  return type(value) == "table" and core.tensor(value, "i32") or value
end

local function longest(texts)
  local most = 1
  for _, text in ipairs(texts) do
    most = math.max(most, type(text) == "string" and #text or 0)
  end
  return most
end

--- Reads the table `given`; messages begin with `who`.
function examples.read(who, given)
  check.keys(who, given, examples.KEYS)
  local result = { x = pictures(who, "x", given.x), labels = labels(given.labels), names = given.names,
    classes = given.classes, picture = pictures(who, "picture", given.picture), noise = pictures(who, "noise", given.noise) }
  if given.texts ~= nil and type(given.texts) ~= "table" then
    fail(who, "texts: expected a list of texts, got %s", type(given.texts))
  elseif given.texts then
    result.text, result.lengths = core.texts(who .. ": texts", given.texts, longest(given.texts))
  end
  return result
end

--- The config of the data set `tensors` of { x, labels, .., test = { x, labels, .. } }.
function examples.config(given)
  local own = {}
  check.keys("tensors", given, table.move(examples.KEYS, 1, #examples.KEYS, 2, { "test" }))
  for key, value in pairs(given) do
    own[key] = key ~= "test" and value or nil
  end
  if own.noise ~= nil then
    core.fail_usage "tensors: noise: expected none; neap.define.dataset has noise = true"
  end
  return { examples = core.tensors_add(examples.read("tensors", own)),
    test = given.test and core.tensors_add(examples.read("tensors: test", given.test)) or nil }
end

return examples
