--- What the training of a model left untaught: with a dropout of 0 the null condition stays as it was initialised, with one of 1
-- all others do. Models without an objective, of loops in a recipe, are not known about.
local core = require "neap.core"

local taught = {}

-- Has a row the null class: the label -1 or `classes`, or some weight on the last column?
local function has_null(labels, classes)
  local shape, null = core.methods.shape(labels), false
  if #shape == 2 and shape[2] == classes + 1 then
    return core.ops.max(core.ops.slice(labels, 1, classes, classes + 1)):item() > 0
  end
  for _, label in ipairs(#shape == 1 and core.methods.tolist(labels) or {}) do
    null = null or label == -1 or label == classes
  end
  return null
end

local function fail_without_null(guidance, asked)
  if guidance and core.guidance_uses_null(guidance) then
    core.fail_usage("sample: guidance: the network was trained with label_dropout = 0 and has no null class to guide away "
      .. "from; set w = 0, or train with label_dropout = 0.1")
  elseif not asked then
    core.fail_usage("sample: expected labels: the network was trained with label_dropout = 0, never without a label")
  end
end

--- Fails where a sampling needs what the model's objective did not teach. `labels` are those of its condition: numbers, weights
-- or nil.
function taught.check(model, guidance, labels)
  local classes, objective = model:spec().classes, model:objective()
  local dropout = objective and core.objective_dropout(objective)
  if classes == 0 or not dropout then
    return
  end
  if dropout == 0 then
    fail_without_null(guidance, labels and not has_null(labels, classes))
  elseif dropout == 1 and labels then
    core.fail_usage("sample: labels: the network was trained with label_dropout = 1, never with a label; "
      .. "train with less, or with classes = 0")
  end
end

return taught
