-- Arithmetic with the latents of an unconditional generator (Radford et al. 2016, section 6.3.2): the mean latent of
-- some pictures of one class, minus that of a second class, plus that of a third. Draws latents.png in the folder of the
-- run: each row has the pictures of the three means, that of the result, and an interpolation from the first to the
-- result.
--
--   neap run recipes/gan_fashion.lua
--   neap run recipes/latents.lua run=runs/gan_fashion at=Dress minus=T-shirt plus=Pullover
--
-- Time: 3 seconds on two cores. Reaches: long sleeves in two rows of six (docs/results.md).
local neap = require "neap"

local o = neap.options {
  run = "runs/gan_fashion", evaluator = "recipes/evaluator_fashion.safetensors",
  at = "Dress", minus = "T-shirt", plus = "Pullover", -- classes, as the evaluator names them
  rows = neap.whole(6), each = neap.whole(3), between = neap.whole(6, 2), -- each: latents in a mean
  draws = neap.whole(1000), -- latents that are drawn and classified
}

local run, classifier = neap.checkpoint.load(o.run .. "/checkpoint.safetensors"), neap.checkpoint.load(o.evaluator)
local shape = run.model:noise_shape(1)
if #shape ~= 2 or run.model:spec().classes > 0 then
  error(("latents: %s: expected an unconditional generator"):format(o.run), 0)
end
local length = shape[2]
local z = neap.randn(o.draws, length)

-- --- Latents of a class -----------------------------------------------------------------------------------------------

local function largest(logits)
  local best = 1
  for k, logit in ipairs(logits) do
    best = logit > logits[best] and k or best
  end
  return best
end

-- The rows of z by the classes of their pictures.
local function rows_by_class()
  local pictures = run.sampler:sample(run.model, { noise = z })
  local rows, logits = {}, neap.no_grad(classifier.model.classify, classifier.model, pictures)
  for i, of_row in ipairs(logits:tolist()) do
    local name = classifier.labels[largest(of_row)]
    rows[name] = rows[name] or {}
    table.insert(rows[name], i - 1)
  end
  return rows
end

local by_class = rows_by_class()

-- Scales x to the typical norm of a latent. A mean has a smaller norm, and its picture less contrast.
local function rescaled(x)
  return x * (math.sqrt(length) / math.sqrt(x:square():sum():item()))
end

local function mean_of(name, number)
  local rows, sum = by_class[name] or {}, 0
  if #rows < o.rows * o.each then
    error(("latents: expected %d pictures of class '%s' among %d, found %d"):format(o.rows * o.each, name, o.draws, #rows), 0)
  end
  for i = 1, o.each do
    local row = rows[(number - 1) * o.each + i]
    sum = sum + z:slice(0, row, row + 1)
  end
  return rescaled(sum)
end

-- --- The figure -------------------------------------------------------------------------------------------------------

local rows = {}
for number = 1, o.rows do
  local at, minus, plus = mean_of(o.at, number), mean_of(o.minus, number), mean_of(o.plus, number)
  local result = rescaled(at - minus + plus)
  local way = neap.interpolate(at:reshape(length), result:reshape(length), o.between)
  rows[number] = neap.concat({ at, minus, plus, result, way }, 0)
end
local pictures = run.sampler:sample(run.model, { noise = neap.concat(rows, 0) })
neap.image.save(o.run .. "/latents.png", neap.image.grid(pictures, { columns = 4 + o.between, scale = 2 }))
print(("%s/latents.png: %s, %s, %s, and the first minus the second plus the third; then the way there"):format(o.run, o.at,
  o.minus, o.plus))
