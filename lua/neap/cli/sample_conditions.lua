--- What `neap sample` draws under: texts, from options or a file, a negative text, and pictures. Each text or picture is a group
-- of -n samples, and a row of the grid.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local image = require "neap.image"
local prompt = require "neap.prompt"

local sample_conditions = {}

local function fail_without_effect(key, reason)
  arguments.fail_without_effect("sample", arguments.option(key), reason)
end

-- Options that say how to draw one group.
local OF_ONE = { "interpolate", "morph", "invert", "image" }

local function check_groups(given)
  local texts, pictures = #(given.text or {}), #(given.picture or {})
  if texts > 1 and pictures > 1 then
    core.fail_usage(("sample: expected one text beside several pictures, or the other way round, got %d and %d"):format(texts,
      pictures))
  end
  for _, key in ipairs(OF_ONE) do
    if given[key] and math.max(texts, pictures) > 1 then
      core.fail_usage(("sample: %s: expected one %s, got %d"):format(arguments.option(key), texts > 1 and "text" or "picture",
        math.max(texts, pictures)))
    end
  end
end

--- Reads --prompts into given.text, and checks what needs no run.
function sample_conditions.check(given)
  if given.prompts and given.text then
    core.fail_usage "sample: expected --text or --prompts, got both"
  elseif given.prompts then
    given.text = prompt.read("sample: --prompts", given.prompts)
  end
  for i, text in ipairs(given.text or {}) do
    local reason = core.text_check(text)
    if reason then
      core.fail_usage(("sample: --text%s: %s"):format(#given.text > 1 and " " .. i or "", reason))
    end
  end
  local reason = given.negative and core.text_check(given.negative)
  if reason then
    core.fail_usage("sample: --negative: " .. reason)
  end
  check_groups(given)
end

--- The number of groups: of texts or pictures; nil without either.
function sample_conditions.groups(given)
  local most = math.max(#(given.text or {}), #(given.picture or {}))
  return most > 0 and most or nil
end

local LUMA = { 0.299, 0.587, 0.114 } -- of ITU-R BT.601, as in the data set `folder`

-- The picture of a file as a condition [1, H, W, C].
local function load_picture(path, extent)
  local x = core.picture_fit(image.load(path), extent.height, extent.width)
  local channels = core.methods.shape(x)[3]
  if channels == 3 and extent.channels == 1 then
    x = core.ops.sum(core.ops.mul(x, core.tensor(LUMA)), { axes = { 2 }, keep = true })
  elseif channels == 1 and extent.channels == 3 then
    x = core.ops.contiguous(core.ops.expand(x, { extent.height, extent.width, 3 }))
  elseif channels ~= extent.channels then
    core.fail(("%s: expected a picture of %d channels, got %d"):format(path, extent.channels, channels))
  end
  return core.ops.reshape(x, { 1, extent.height, extent.width, extent.channels })
end

local function pictures_of(given, run, n)
  local extent, list = run.model:spec().picture, {}
  if not extent then
    core.fail_usage(("sample: --picture: %s takes no picture, but %s; --image starts from one"):format(
      run.model:component():name(), prompt.kinds(run.model:spec())))
  end
  for i, path in ipairs(given.picture) do
    list[i] = load_picture(path, extent)
  end
  return prompt.rows(require("neap.evaluate").join(list), n)
end

-- Fails for a guidance that compares one null condition with itself.
local function check_guided(given, spec)
  if spec.classes > 0 or sample_conditions.groups(given) or given.negative or given.worse then
    return
  end
  for _, key in ipairs { "w", "interval", "rescale" } do
    if given[key] and given[key] ~= 0 and prompt.conditional(spec) then
      fail_without_effect(key, (": the samples have no condition; the run takes %s"):format(prompt.kinds(spec)))
    end
  end
end

--- Fails for a negative text that the guidance of a sampler does not use.
function sample_conditions.check_negative(given, own)
  if given.negative and not (own.guidance and core.guidance_uses_null(own.guidance)) then
    fail_without_effect("negative", own.guidance and (": %s, as it is set, leads away from no condition; give --w"):format(
      own.guidance:name()) or ": the run has no guidance; give --w")
  end
end

--- Adds texts and pictures to the settings of sampler:sample, whose n samples are divided among the groups.
function sample_conditions.apply(given, run, settings)
  local spec = run.model:spec()
  check_guided(given, spec)
  settings.text, settings.negative = given.text, given.negative
  if given.picture then
    settings.condition = { picture = pictures_of(given, run, settings.n) }
  end
  return settings
end

--- Text entries of PNG files.
function sample_conditions.entries(given)
  return {
    ["neap.text"] = given.text and table.concat(given.text, "\n"), ["neap.negative"] = given.negative,
    ["neap.picture"] = given.picture and table.concat(given.picture, "\n"),
  }
end

return sample_conditions
