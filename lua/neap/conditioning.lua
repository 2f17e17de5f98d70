--- Checks that a model was trained for the conditions of a sampling. A label dropout of 0 leaves the null condition
-- untrained, one of 1 leaves all others untrained. Models without an objective, from a recipe's own loop, are not checked.
local core = require "neap.core"

local conditioning = {}

-- Does a row have the null class: the label -1 or `classes`, or some weight in the last column?
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

local function check_without_null(guidance, all_labelled)
  if guidance and core.guidance_uses_null(guidance) then
    core.fail_usage("sample: guidance: the network was trained with label_dropout = 0 and has no null class to guide away "
      .. "from; set w = 0, or train with label_dropout = 0.1")
  elseif not all_labelled then
    core.fail_usage("sample: expected labels: the network was trained with label_dropout = 0, never without a label")
  end
end

--- Fails when a sampling uses a condition that training left untrained. `labels` are those of its condition, as numbers or
-- weights, or nil.
function conditioning.check(model, guidance, labels)
  local classes, objective = model:spec().classes, model:objective()
  local dropout = objective and core.objective_dropout(objective)
  if classes == 0 or not dropout then
    return
  end
  if dropout == 0 then
    check_without_null(guidance, labels and not has_null(labels, classes))
  elseif dropout == 1 and labels then
    core.fail_usage("sample: labels: the network was trained with label_dropout = 1, never with a label; "
      .. "train with less, or with classes = 0")
  end
end

return conditioning
