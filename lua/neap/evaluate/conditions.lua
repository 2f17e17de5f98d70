--- Conditions of real examples, for samples of networks that take texts or pictures: each sample gets that of an example.
local core = require "neap.core"
local prompt = require "neap.prompt"
local real = require "neap.evaluate.real"

local conditions = {}

--- Does a network of this spec take more than labels: a text, tokens, a vector or a picture?
function conditions.needed(spec)
  return (spec.text or spec.tokens or spec.pooled or spec.picture) ~= nil
end

-- The kinds of a condition, by the size in a spec.
local SIZES = { labels = "classes", text = "text", lengths = "text", tokens = "tokens", pooled = "pooled", picture = "picture" }

--- Fails if real examples lack a kind of condition that a network of `spec` takes; `who` begins the message.
function conditions.check(who, condition, spec)
  for _, kind in ipairs { "text", "tokens", "pooled", "picture" } do
    if spec[kind] and not condition[kind] then
      core.fail(("%s: the run takes %s; the data set provides no '%s'"):format(who, prompt.kinds(spec), kind))
    end
  end
end

-- The first n rows of a tensor, which are repeated when there are fewer.
local function first_rows(x, n)
  local count = core.methods.shape(x)[1]
  return prompt.rows(count > n and core.ops.contiguous(core.ops.slice(x, 0, 0, n)) or x, n)
end

--- The condition of n samples of a network of `spec`, as tensors by kind, from that of real examples. Texts longer than the
-- network reads are cut, with a warning.
function conditions.rows(condition, n, spec)
  local rows = {}
  for kind, x in pairs(condition) do
    local size = spec[SIZES[kind]]
    if size and size ~= 0 then
      rows[kind] = first_rows(x, n)
    end
  end
  if rows.text and core.methods.shape(rows.text)[2] > spec.text then
    rows.text, rows.lengths = core.texts("caption", prompt.strings(rows), spec.text)
  end
  return rows
end

--- The labels of n samples under the conditions of real examples, for metrics; nil if some are not below `classes`.
function conditions.labels(condition, n, classes)
  local labels = condition.labels and core.ops.cast(condition.labels, "f32")
  local fit = labels and core.ops.max(-labels):item() <= 0 and core.ops.max(labels):item() < classes
  return fit and first_rows(condition.labels, n) or nil
end

--- The condition of n examples for a network of `spec`: of the test part of a data set, or of the data set itself when it has no
-- such part. They are repeated when there are fewer.
function conditions.of(component, n, spec)
  local source <close> = real.held_out(component, n)
  local _, _, condition = source:batch(1, math.min(n, source:count()), 0)
  return conditions.rows(condition, n, spec)
end

return conditions
