--- Cases of a metric.
local core = require "neap.core"
local inputs = require "neap.plugin.inputs"

local ROWS = 40

local WIDTHS = { 4, 2 } -- of features; some metrics take points of the plane

local function evidence(seed, first, width)
  local labels = {}
  for i = 1, ROWS do
    labels[i] = (i * 7 + first) % 3
  end
  return {
    features = inputs.normal(seed, first, { ROWS, width }), logits = inputs.normal(seed, first + 1, { ROWS, 3 }),
    labels = core.tensor(labels, "i32"), pictures = inputs.normal(seed, first + 2, { ROWS, 8, 8, 3 }, 0.3),
  }
end

-- A metric may refuse evidence that it does not know, by a message.
local function scores(context, settings)
  local instance, refused = inputs.instance(context, settings), nil
  for _, width in ipairs(WIDTHS) do
    local done, result = pcall(core.score, instance, evidence(context.seed, 30, width), evidence(context.seed, 40, width))
    if done then
      return result
    end
    local reason = core.reason(result)
    if reason:find("without a message", 1, true) or reason:find("finite", 1, true) then
      core.fail(reason)
    end
    refused = refused or reason
  end
  inputs.skip("refuses features, logits, labels and pictures: " .. refused)
end

local function texts(list)
  local words = {}
  for i, score in ipairs(list) do
    words[i] = ("%s %.4g"):format(score.name, score.value)
  end
  return table.concat(words, ", ")
end

return {
  { name = "score", level = 2, run = function(context) return texts(scores(context)) end },
  { name = "repeat", level = 4, run = function(context)
    inputs.check_repeats("scores", function()
      local bits = {}
      for i, score in ipairs(scores(context)) do
        bits[i] = ("%a"):format(score.value)
      end
      return table.concat(bits, " ")
    end)
  end },
  { name = "leak", level = 4, run = function(context)
    inputs.check_leaks("score", function() scores(context) end)
  end },
  use = function(context, settings) scores(context, settings) end,
}
