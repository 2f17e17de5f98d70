--- Cases of a data set.
local core = require "neap.core"
local inputs = require "neap.plugin.inputs"

local SOME = 24 -- examples

-- A data set of files that are not there is no fault of its plugin.
local function opened(context, settings)
  local instance = inputs.instance(context, settings)
  local done, source = pcall(core.source, instance)
  if done then
    return source
  end
  local reason = core.reason(source)
  if reason:find("without a message", 1, true) then
    core.fail(reason)
  end
  inputs.skip(("cannot be opened with these settings; give others as key=VALUE: %s"):format(reason))
end

-- Indices from the first to the last example.
local function indices(source)
  local count, list = source:count(), {}
  for i = 0, math.min(SOME, count) - 1 do
    list[#list + 1] = count <= SOME and i or i * (count - 1) // (SOME - 1)
  end
  return list
end

local function open(context)
  local source = opened(context)
  local spec = source:spec()
  return ("%d examples of %dx%dx%d%s"):format(source:count(), spec.height, spec.width, spec.channels,
    spec.classes > 0 and (", %d classes"):format(spec.classes) or "")
end

local function read(context)
  local source = opened(context)
  local spec = source:spec()
  local x = source:read(indices(source))
  inputs.check_finite("x", x)
  if spec.height * spec.width > 1 and not spec.latent then
    for _, value in ipairs(inputs.elements(x)) do
      if value < -1.0001 or value > 1.0001 then
        core.fail(("x: expected the values of a picture in [-1, 1], got %g"):format(value))
      end
    end
  end
end

local function guards(context)
  local list = indices(opened(context))
  for _, i in ipairs { list[1], list[#list // 2 + 1], list[#list] } do
    core.guarded_read(inputs.instance(context), i)
  end
end

local function examples(context)
  local source, bits = opened(context), {}
  local x, _, condition = source:read(indices(source))
  bits[1] = inputs.bits(x)
  for _, kind in ipairs { "labels", "text", "lengths", "picture" } do
    bits[#bits + 1] = condition[kind] and inputs.bits(condition[kind]) or ""
  end
  return table.concat(bits, " ")
end

local function use(context, settings)
  local source <close> = opened(context, settings)
  source:read { 0, source:count() - 1 }
end

return {
  { name = "open", level = 2, run = open },
  { name = "read", level = 2, run = read },
  { name = "bounds", level = 2, run = guards },
  { name = "repeat", level = 4, run = function(context)
    inputs.check_repeats("read", function() return examples(context) end)
  end },
  { name = "leak", level = 4, run = function(context)
    inputs.check_leaks("open, read and close", function() use(context) end)
  end },
  use = use,
}
