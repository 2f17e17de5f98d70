--- Fidelity of reconstructions: psnr, ssim and l1 of each picture, and the energy of their gradients.
local core = require "neap.core"
local evaluate = require "neap.evaluate"
local tensor = require "neap.tensor"

local fidelity = {}

local BATCH = 64
local QUANTILE = 1.96 -- of the normal distribution, for intervals of 95 %
local PIXELS = { axes = { 1, 2, 3 } }

local ops = core.ops

local function each(x)
  return ops.mean(x, PIXELS)
end

-- The sum of squared differences of neighbouring pixels along rows and columns, for each picture.
local function gradient_energy(x)
  local sums
  for axis = 1, 2 do
    local n = x:size(axis)
    local step = ops.slice(x, axis, 1, n) - ops.slice(x, axis, 0, n - 1)
    local sum = ops.sum(ops.square(step), PIXELS)
    sums = sums and sums + sum or sum
  end
  return sums
end

-- Values of each picture, as lists. energy_x and energy_y are the gradient energies of originals and reconstructions.
local function measure(x, y)
  local both = ops.concat({ x, y }, 3)
  local channels = x:size(3)
  local psnr, ssim, l1, energy_x, energy_y = tensor.no_grad(evaluate.by_batches, both, BATCH, function(rows)
    local a = ops.contiguous(ops.slice(rows, 3, 0, channels))
    local b = ops.contiguous(ops.slice(rows, 3, channels, 2 * channels))
    return core.psnr(a, b), core.ssim(a, b), each(ops.abs(a - b)), gradient_energy(a), gradient_energy(b)
  end)
  return { psnr = psnr:tolist(), ssim = ssim:tolist(), l1 = l1:tolist(), energy_x = energy_x:tolist(),
    energy_y = energy_y:tolist() }
end

local function mean(list)
  local sum = 0
  for _, value in ipairs(list) do
    sum = sum + value
  end
  return sum / #list
end

-- The standard deviation of the mean.
local function deviation(list)
  local centre, sum = mean(list), 0
  for _, value in ipairs(list) do
    sum = sum + (value - centre) ^ 2
  end
  return #list > 1 and math.sqrt(sum / (#list - 1) / #list) or 0
end

-- Which values are better.
local BETTER = { psnr = "higher", ssim = "higher", l1 = "lower", gradient_energy = "near 1" }

local function score(name, value, spread)
  return {
    name = name, better = BETTER[name], value = value, deviation = spread, low = value - QUANTILE * spread,
    high = value + QUANTILE * spread,
  }
end

local function score_mean(name, list)
  return score(name, mean(list), deviation(list))
end

-- The ratio of sums, and its deviation in first order (Cochran 1977, Sampling Techniques, section 6.3).
local function score_ratio(name, tops, bottoms)
  local centre, residuals = mean(bottoms), {}
  local ratio = mean(tops) / centre
  for i, top in ipairs(tops) do
    residuals[i] = (top - ratio * bottoms[i]) / centre
  end
  return score(name, ratio, deviation(residuals))
end

--- Scores of reconstructions y of pictures x, both [N, H, W, C] in [-1, 1]: a list of { name, better, value, deviation, low,
-- high }. psnr, in dB, ssim and l1 are means over pictures. gradient_energy is the sum of squared differences of neighbouring
-- pixels of all reconstructions over that of the originals: 1 where they are as sharp, below 1 where they are blurred. It is left
-- out when the originals are flat.
function fidelity.score(x, y)
  local values = measure(x, y)
  local scores = { score_mean("psnr", values.psnr), score_mean("ssim", values.ssim), score_mean("l1", values.l1) }
  if mean(values.energy_x) > 0 then
    scores[#scores + 1] = score_ratio("gradient_energy", values.energy_y, values.energy_x)
  end
  return scores
end

return fidelity
