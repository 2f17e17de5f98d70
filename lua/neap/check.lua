--- Checks of names that a recipe or the command line gives.
local core = require "neap.core"

local check = {}

-- Names of other libraries, and ours for the same.
local ELSEWHERE = {
  batch_size = "batch", epochs = "steps", num_steps = "steps", iterations = "steps", max_steps = "steps", learning_rate = "lr",
  scheduler = "decay", warmup_steps = "warmup", gradient_clip = "clip", ema_decay = "ema", dataset = "data", loss = "objective",
  output_dir = "out", num_samples = "n", prompt = "text", guidance_scale = "w", imsave = "save", show = "save",
  imread = "load", make_grid = "grid", zero_grad = "clear", cat = "concat", view = "reshape", transpose = "permute",
  numpy = "tolist", clip_by_value = "clamp", mm = "matmul", bmm = "matmul",
}

-- Our name for the word of another library, if it is one of names.
local function from_elsewhere(word, names)
  for _, name in ipairs(ELSEWHERE[word] and names or {}) do
    if name == ELSEWHERE[word] then
      return name
    end
  end
end

--- `; did you mean 'x'?` for the nearest of names, or "" where none is near, or where it is the word itself.
function check.suggestion(word, names)
  local nearest = from_elsewhere(word, names) or core.nearest(tostring(word), names)
  return nearest and nearest ~= word and ("; did you mean '%s'?"):format(nearest) or ""
end

--- Fails as `PROBLEM 'word'; did you mean 'x'?`; where no name is near, the message ends with `otherwise`.
function check.fail_name(problem, word, names, otherwise)
  local near = check.suggestion(word, names)
  core.fail_usage(("%s '%s'%s"):format(problem, tostring(word), near == "" and otherwise or near))
end

--- Fails as `PROBLEM 'word'; did you mean 'x'?`; where no name is near, with all names.
function check.fail_key(problem, word, names)
  local known = {}
  for _, name in ipairs(names) do
    known[name] = true
  end
  check.fail_name(problem, word, names, "; expected one of " .. table.concat(check.names(known), ", "))
end

--- The keys of a table, sorted.
function check.names(entries)
  local names = {}
  for name in pairs(entries) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

--- The names of a list of { name = .. }.
function check.named(list)
  local names = {}
  for i, entry in ipairs(list) do
    names[i] = entry.name
  end
  return names
end

--- Makes reading an absent name of a table of functions fail, with the nearest; `who` is the table in messages, as neap.image,
-- and `topic` its name in `neap help`.
function check.seal(who, topic, functions)
  local meta = getmetatable(functions) or {}
  function meta.__index(_, key)
    check.fail_name(who .. " has no", key, check.names(functions), ("; `neap help %s` lists what there is"):format(topic))
  end
  return setmetatable(functions, meta)
end

--- Fails unless settings is a table and each of its keys is one of names.
function check.keys(who, settings, names)
  if type(settings) ~= "table" then
    core.fail_usage(("%s: expected one table of settings, got %s"):format(who, type(settings)))
  end
  local known = {}
  for _, name in ipairs(names) do
    known[name] = true
  end
  for key in pairs(settings) do
    if not known[key] then
      check.fail_key(who .. ": unknown key", key, names)
    end
  end
end

local PLANES = 4 -- at most: read with channels last, planar pictures have so few rows, and more columns and channels

--- Fails for the shape { .., rows, columns, channels } of pictures whose channels come first: a few rows of many channels.
function check.interleaved(who, shape)
  local rows, columns, channels = table.unpack(shape, #shape - 2)
  if rows <= PLANES and channels > PLANES and columns > PLANES then
    local axes = #shape == 4 and "0, 2, 3, 1" or "1, 2, 0"
    core.fail(("%s: expected channels last, got [%s], which is %d rows of %d channels; "
      .. "x:permute(%s) moves channels to the end"):format(who, table.concat(shape, ", "), rows, channels, axes))
  end
end

--- Fails unless settings has each of these keys.
function check.required(who, settings, names)
  for _, name in ipairs(names) do
    if settings[name] == nil then
      core.fail_usage(("%s: expected '%s'"):format(who, name))
    end
  end
end

return check
