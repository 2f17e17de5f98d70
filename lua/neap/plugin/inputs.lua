--- What checks of plugins call components with: small settings, models, pictures, conditions.
local core = require "neap.core"

local inputs = {}

-- Small sizes of the bundled architectures. The first that offers what an objective needs is trained by it.
local SMALL = {
  { "mlp", { hidden = 16, depth = 2, time_features = 8, classes = 3 } },
  { "mlp", { hidden = 16, depth = 2, time_features = 8, classes = 3, interval = true } },
  { "gan", { rows = 8, columns = 8, channels = 1, width = 8, latent = 8, classes = 3, norm = "none", style = "mlp" } },
  { "vae_gan", { rows = 8, columns = 8, factor = 2, width = 8, groups = 4, latent = 2, d_width = 8, d_layers = 1 } },
  { "vit", { rows = 8, columns = 8, width = 16, depth = 1, heads = 2, classes = 3 } },
  { "matcher", { rows = 8, columns = 8, width = 16, depth = 1, heads = 2, text = 8, text_width = 8, text_depth = 1,
    text_heads = 2, embedding = 8 } },
  { "dit", { size = 8, channels = 2, patch = 4, width = 16, depth = 1, heads = 2, classes = 3, interval = true } },
  { "mmdit", { size = 8, channels = 2, patch = 4, width = 16, depth = 1, heads = 2, text = 8, text_width = 8, text_depth = 1,
    text_heads = 2 } },
}

local BUILT_BEFORE = 1 << 22 -- elements of parameters; larger models are tried with smaller settings

--- Ends a case as skipped, for this reason.
function inputs.skip(reason)
  error("skip: " .. reason, 0)
end

--- Normal numbers by (seed, stream), scaled.
function inputs.normal(seed, stream, shape, scale)
  return core.ops.affine(core.random("normal", seed, stream, 0, shape), scale or 1, 0)
end

-- A value for a parameter that has no default or may not be nil; nil for none.
local function needed(context, param)
  if param.type == "network" then
    return context.exact():offers(param.text) and context.exact() or nil
  elseif param.type == "component" and (param.required or param.text == "dataset") then
    return param.text == "dataset" and core.component("dataset", "shapes", { size = 8 }) or nil
  elseif param.required and param.type == "int" then
    return math.max(param.low, math.min(4, param.high))
  elseif param.required and param.type == "real" then
    return (math.max(param.low, -1e3) + math.min(param.high, 1e3)) / 2
  elseif param.required then
    inputs.skip(("it needs '%s'; give it as %s=VALUE"):format(param.name, param.name))
  end
end

--- An instance of the component of a context; `settings` by name go before those that are needed, and the user's before both.
function inputs.instance(context, settings)
  local own, texts = {}, {}
  for _, param in ipairs(context.component.params) do
    local given = context.settings[param.name]
    if given then
      texts[param.name] = given
    elseif settings and settings[param.name] ~= nil then
      own[param.name] = settings[param.name]
    else
      own[param.name] = needed(context, param)
    end
  end
  return core.component(context.kind, context.component.name, own, texts)
end

-- The settings with whole numbers above 8 divided.
local function divided(params, divisor)
  local settings = {}
  for _, param in ipairs(params) do
    if param.type == "int" and not param.required and param.default > 8 then
      settings[param.name] = math.max(math.ceil(param.low), param.default // divisor)
    end
  end
  return settings
end

local function small_settings(context)
  for i = #SMALL, 1, -1 do -- the last entry of a name offers the most
    if SMALL[i][1] == context.component.name then
      return SMALL[i][2]
    end
  end
  for _, divisor in ipairs { 16, 8, 4 } do
    local settings = divided(context.component.params, divisor)
    local instance = inputs.instance(context, settings)
    if pcall(core.network, instance, context.seed, BUILT_BEFORE) then
      return settings
    end
  end
  return {}
end

--- A model of the architecture of a context, as small as its settings allow.
function inputs.model(context)
  return core.network(inputs.instance(context, small_settings(context)), context.seed)
end

--- Models for an objective that needs these functions, of bundled architectures, in order of size.
function inputs.models_for(needs, seed)
  local models = {}
  for _, entry in ipairs(SMALL) do
    local model, offered = core.network(core.component("architecture", entry[1], entry[2]), seed), true
    for _, name in ipairs(needs) do
      offered = offered and model:offers(name)
    end
    models[#models + 1] = offered and model or nil
  end
  return models
end

--- Moves all parameters at random: what is initialised to zero would hide wrong gradients behind it.
function inputs.perturb(model, seed)
  for i, entry in ipairs(model:parameters()) do
    local x = entry[2]
    if x.requires_grad then
      x:assign(x:detach() + inputs.normal(seed, 1000 + i, x:shape(), 0.08))
    end
  end
end

-- --- Conditions -----------------------------------------------------------------------------------------------------------

local function labels_of(spec, n)
  local labels = {}
  for i = 1, n do
    labels[i] = (i - 1) % spec.classes
  end
  return core.tensor(labels, "i32")
end

local function lengths_of(n, most)
  local lengths = {}
  for i = 1, n do
    lengths[i] = 1 + (i - 1) % most
  end
  return core.tensor(lengths, "i32")
end

local function texts_of(spec, n)
  local texts = {}
  for i = 1, n do
    texts[i] = ("word"):sub(1, math.max(1, math.min(spec.text, 1 + i % 4)))
  end
  return core.texts("text", texts, spec.text)
end

--- A condition of n rows with all kinds of a spec; nil when it has none.
function inputs.condition(spec, n, seed)
  local c = {}
  c.labels = (spec.classes or 0) > 0 and labels_of(spec, n) or nil
  if spec.text then
    c.text, c.lengths = texts_of(spec, n)
  elseif spec.tokens then
    c.tokens, c.lengths = inputs.normal(seed, 7, { n, 3, spec.tokens }), lengths_of(n, 3)
  end
  c.pooled = spec.pooled and inputs.normal(seed, 8, { n, spec.pooled }) or nil
  local e = spec.picture
  c.picture = e and inputs.normal(seed, 9, { n, e.height, e.width, e.channels }, 0.5) or nil
  return next(c) and c or nil
end

--- All arguments that calls of a model take, of n rows.
function inputs.arguments(model, n, seed)
  local spec = model:spec()
  local e, times, before = spec.latent, {}, {}
  for i = 1, n do
    times[i], before[i] = 0.3 + 0.6 * i / n, 0.1 * i / n
  end
  return {
    x = inputs.normal(seed, 1, { n, spec.height, spec.width, spec.channels }, 0.5),
    z = inputs.normal(seed, 2, model:noise_shape(n)),
    latents = e and inputs.normal(seed, 3, { n, e.height, e.width, e.channels }) or nil,
    t = core.tensor(times), r = core.tensor(before), condition = inputs.condition(spec, n, seed),
  }
end

--- One row, from 0, of arguments.
function inputs.row(arguments, i)
  local function take(x)
    return x and core.ops.contiguous(core.ops.slice(x, 0, i, i + 1)) or nil
  end
  local own = { x = take(arguments.x), z = take(arguments.z), latents = take(arguments.latents), t = take(arguments.t),
    r = take(arguments.r) }
  if arguments.condition then
    own.condition = {}
    for kind, x in pairs(arguments.condition) do
      own.condition[kind] = take(x)
    end
  end
  return own
end

--- The functions that a model may offer, and how they are called.
inputs.calls = {
  { "velocity", function(m, a) return m:velocity(a.x, a.t, a.condition) end },
  { "average", function(m, a) return m:average(a.x, a.t, a.r, a.condition) end },
  { "generate", function(m, a) return m:generate(a.z, a.condition) end },
  { "discriminate", function(m, a) return m:discriminate(a.x, a.condition) end },
  { "encode", function(m, a) return m:encode(a.x) end },
  { "decode", function(m, a) return m:decode(a.latents) end },
  { "features", function(m, a) return m:features(a.x) end },
  { "classify", function(m, a) return m:classify(a.x) end },
}

-- --- Values -----------------------------------------------------------------------------------------------------------------

local function flatten(value, list)
  if type(value) ~= "table" then
    list[#list + 1] = value
  else
    for _, part in ipairs(value) do
      flatten(part, list)
    end
  end
  return list
end

--- The elements of a tensor as a list.
function inputs.elements(x)
  return flatten(x:tolist(), {})
end

--- The elements as text, exact to the last bit.
function inputs.bits(x)
  local list = inputs.elements(x)
  for i, value in ipairs(list) do
    list[i] = math.type(value) == "float" and ("%a"):format(value) or tostring(value)
  end
  return table.concat(list, " ")
end

--- Fails for values that are not finite.
function inputs.check_finite(what, x)
  for i, value in ipairs(inputs.elements(x)) do
    if value ~= value or value == math.huge or value == -math.huge then
      core.fail(("%s: expected finite values, got %s at %d"):format(what, value ~= value and "nan" or tostring(value), i - 1))
    end
  end
end

--- Fails unless f gives the same bits twice, and with 1 and 3 threads.
function inputs.check_repeats(what, f)
  core.threads(1)
  local first = f()
  if f() ~= first then
    core.fail(what .. ": the same call gave other values the second time; draw random numbers by seed and row")
  end
  core.threads(3)
  local third = f()
  core.threads(1)
  if third ~= first then
    core.fail(what .. ": other values with 3 threads than with 1; split work over results, never over a sum")
  end
end

-- --- Memory -----------------------------------------------------------------------------------------------------------------

local function memory_after(cycle)
  cycle()
  collectgarbage()
  collectgarbage()
  return core.blocks()
end

--- Fails when each run of `cycle` leaves more memory in use.
function inputs.check_leaks(what, cycle)
  memory_after(cycle)
  local blocks, bytes = {}, {}
  for i = 1, 3 do
    blocks[i], bytes[i] = memory_after(cycle)
  end
  local function grows(of)
    return math.min(of[2] - of[1], of[3] - of[2])
  end
  if grows(blocks) > 0 or grows(bytes) > 0 then
    core.fail(("%s: leaks %d blocks and %d bytes of tensors each time; give back what was kept (neap_release, neap_free)"):format(
      what, math.max(0, grows(blocks)), math.max(0, grows(bytes))))
  end
end

return inputs
