--- What the objective of a training left untaught: an objective that never hides a label leaves the null class as it was
-- initialised, and one that hides all of them the others. Networks without an objective, of loops in a recipe, are not
-- known about.
local core = require "neap.core"
local config_of = require("neap.config").of

local taught = {}

-- Does a guidance, or what it stands on, ask for the velocity of the null class?
local function uses_null(name, config)
  if name == "cfg" then
    return config.w ~= 0
  end
  return type(config.of) == "table" and uses_null(config.of.name, config.of.config)
end

-- Is the null class, the last column, mixed in?
local function mixes_null(mixture, classes)
  return mixture and core.ops.max(core.ops.slice(mixture, 1, classes, classes + 1)):item() > 0
end

local function fail_without_null(guidance, asked)
  if guidance and uses_null(guidance:name(), config_of(guidance)) then
    core.fail_usage("sample: guidance: the network was trained with label_dropout = 0 and has no null class to guide away "
      .. "from; set w = 0, or train with label_dropout = 0.1")
  elseif not asked then
    core.fail_usage("sample: expected labels: the network was trained with label_dropout = 0, never without a label")
  end
end

--- Fails where a sampling needs what the model's objective did not teach. `labels` and `mixture` are those of the sampling,
-- or nil.
function taught.check(model, guidance, labels, mixture)
  local classes, objective = model:spec().classes, model:objective()
  local dropout = objective and config_of(objective).label_dropout
  if classes == 0 or not dropout then
    return
  end
  if dropout == 0 then
    fail_without_null(guidance, labels or mixture and not mixes_null(mixture, classes))
  elseif dropout == 1 and (labels or mixture) then
    core.fail_usage("sample: labels: the network was trained with label_dropout = 1, never with a label; "
      .. "train with less, or with classes = 0")
  end
end

return taught
