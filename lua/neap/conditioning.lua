--- Checks that a model was trained for the conditions of a sampling. A label dropout of 0 leaves the null condition
-- untrained, one of 1 leaves all others untrained. Training drops all kinds of a row together, so a label beside a null text was
-- never trained, either. Models without an objective, from a recipe's own loop, are not checked.
local core = require "neap.core"
local prompt = require "neap.prompt"

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

-- Are all texts empty, as the null text is? Captions of a data set may be empty here and there.
local function all_empty(lengths)
  return core.ops.max(core.ops.cast(lengths, "f32")):item() == 0
end

-- Kinds that a network may take: the size in its spec, the words of messages, and whether a condition has null rows of it.
local KINDS = {
  { size = "classes", kind = "labels", expected = "labels", one = "a label", null = function(condition, spec)
    return not condition.labels or has_null(condition.labels, spec.classes)
  end },
  { size = "text", kind = "text", expected = "a text for each sample", one = "a text", null = function(condition)
    return not condition.text or condition.lengths and all_empty(condition.lengths)
  end },
  { size = "picture", kind = "picture", expected = "a picture as the condition", one = "a picture", null = function(condition)
    return not condition.picture
  end },
}

local function takes(spec, kind)
  return spec[kind.size] and spec[kind.size] ~= 0
end

local function check_without_null(spec, guidance, condition)
  if guidance and core.guidance_uses_null(guidance) then
    core.fail_usage(("sample: guidance: the network was trained with label_dropout = 0 and has no null %s to guide away from; "
      .. "set w = 0, or train with label_dropout = 0.1"):format(spec.classes > 0 and "class" or "condition"))
  end
  for _, kind in ipairs(KINDS) do
    if takes(spec, kind) and kind.null(condition, spec) then
      core.fail_usage(("sample: expected %s: the network was trained with label_dropout = 0, never without %s"):format(
        kind.expected, kind.one))
    end
  end
end

local function check_null(spec, condition)
  for _, kind in ipairs(KINDS) do
    if takes(spec, kind) and condition[kind.kind] then
      core.fail_usage(("sample: %s: the network was trained with label_dropout = 1, never with %s; train with less%s"):format(
        kind.kind, kind.one, kind.kind == "labels" and ", or with classes = 0" or ""))
    end
  end
end

-- The first kind that the network takes and the condition lacks, and the first one that it has. An empty text counts as one,
-- since captions of a data set may be empty.
local function lacking_and_given(spec, condition)
  local lacking, given
  for _, kind in ipairs(KINDS) do
    if takes(spec, kind) and condition[kind.kind] then
      given = given or kind
    elseif takes(spec, kind) then
      lacking = lacking or kind
    end
  end
  return lacking, given
end

local function check_together(spec, condition)
  local lacking, given = lacking_and_given(spec, condition)
  if lacking and given then
    core.fail_usage(("sample: expected %s beside %s: training dropped both together, and never one alone"):format(
      lacking.expected, given.one))
  end
end

--- Fails when a sampling uses a condition that training left untrained. `condition` has tensors by kind.
function conditioning.check(model, guidance, condition)
  local spec, objective = model:spec(), model:objective()
  local dropout = objective and core.objective_dropout(objective)
  if not prompt.conditional(spec) then
    return
  elseif dropout == 0 then
    check_without_null(spec, guidance, condition)
  elseif dropout == 1 then
    check_null(spec, condition)
  elseif dropout then
    check_together(spec, condition)
  end
end

return conditioning
