--- Fidelity of reconstructions: psnr, ssim and l1 of each picture, and the energy of their gradients.
local core = require "neap.core"
local evaluate = require "neap.evaluate"
local pixels = require "neap.pixels"
local tensor = require "neap.tensor"

local fidelity = {}

local PEAK = 2 -- the range of values
local LEAST_MSE = 1e-10 -- psnr stays finite, at most 106 dB
local WINDOW = 7
local BATCH = 64
local QUANTILE = 1.96 -- of the normal distribution, for intervals of 95 %
local PIXELS = { axes = { 1, 2, 3 } }

local ops = core.ops

local function each(x)
  return ops.mean(x, PIXELS)
end

-- Mean structural similarity of each picture (Wang et al. 2004, equation 13), of each channel in every window of 7 by 7 equally
-- weighted pixels; smaller pictures are one window high or wide.
local function ssim(x, y)
  local side, c1, c2 = math.min(WINDOW, x:size(1), x:size(2)), (0.01 * PEAK) ^ 2, (0.03 * PEAK) ^ 2
  local function pooled(values)
    return pixels.average_pool(values, side, 1)
  end
  local a, b = pooled(x), pooled(y)
  local ab, energy = a * b, ops.square(a) + ops.square(b)
  local covariance, variances = pooled(x * y) - ab, pooled(ops.square(x) + ops.square(y)) - energy
  return each(ops.affine(ab, 2, c1) * ops.affine(covariance, 2, c2) / (ops.affine(energy, 1, c1) * ops.affine(variances, 1, c2)))
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

local function psnr(mse)
  return 10 * math.log(PEAK ^ 2 / math.max(mse, LEAST_MSE), 10)
end

-- Values of each picture, as lists. energy_x and energy_y are the gradient energies of originals and reconstructions.
local function measure(x, y)
  local both = ops.concat({ x, y }, 3)
  local channels = x:size(3)
  local mse, similarity, l1, energy_x, energy_y = tensor.no_grad(evaluate.by_batches, both, BATCH, function(rows)
    local a = ops.contiguous(ops.slice(rows, 3, 0, channels))
    local b = ops.contiguous(ops.slice(rows, 3, channels, 2 * channels))
    local difference = a - b
    return each(ops.square(difference)), ssim(a, b), each(ops.abs(difference)), gradient_energy(a), gradient_energy(b)
  end)
  return { mse = mse:tolist(), ssim = similarity:tolist(), l1 = l1:tolist(), energy_x = energy_x:tolist(),
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

local function score(name, value, spread)
  return {
    name = name, value = value, deviation = spread, low = value - QUANTILE * spread, high = value + QUANTILE * spread,
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

--- Scores of reconstructions y of pictures x, both [N, H, W, C] in [-1, 1]: a list of { name, value, deviation, low, high }.
-- psnr, in dB, ssim and l1 are means over pictures. gradient_energy is the sum of squared differences of neighbouring pixels of
-- all reconstructions over that of the originals: 1 where they are as sharp, below 1 where they are blurred. It is left out
-- when the originals are flat.
function fidelity.score(x, y)
  local values, psnrs = measure(x, y), {}
  for i, mse in ipairs(values.mse) do
    psnrs[i] = psnr(mse)
  end
  local scores = { score_mean("psnr", psnrs), score_mean("ssim", values.ssim), score_mean("l1", values.l1) }
  if mean(values.energy_x) > 0 then
    scores[#scores + 1] = score_ratio("gradient_energy", values.energy_y, values.energy_x)
  end
  return scores
end

return fidelity
