-- Scores of reconstructions, compared with loops over pixels; and the order of pictures in a grid of originals and
-- reconstructions.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local neap = require "neap"
local check = require "check"
local fidelity = require "neap.evaluate.fidelity"
local reconstruction = require "neap.reconstruction"
local test, equal, near = check.test, check.equal, check.close

local N, H, W, C = 3, 9, 8, 2

-- Random pictures as tensors and as nested lists; y is x with noise.
local function pair()
  neap.seed(4)
  local x = neap.rand(N, H, W, C) * 2 - 1
  local y = (x * 0.8 + neap.randn(N, H, W, C) * 0.1):clamp(-1, 1)
  return x, y, x:tolist(), y:tolist()
end

-- The sum of f(a, b) over the values of picture n.
local function over(x, y, n, f)
  local sum = 0
  for i = 1, H do
    for j = 1, W do
      for k = 1, C do
        sum = sum + f(x[n][i][j][k], y[n][i][j][k])
      end
    end
  end
  return sum
end

local function energy(x, n)
  local sum = 0
  for i = 1, H do
    for j = 1, W do
      for k = 1, C do
        sum = sum + (i < H and (x[n][i + 1][j][k] - x[n][i][j][k]) ^ 2 or 0)
          + (j < W and (x[n][i][j + 1][k] - x[n][i][j][k]) ^ 2 or 0)
      end
    end
  end
  return sum
end

-- Of the window of 7 by 7 pixels with its corner at (i, j) of channel k.
local function ssim_at(x, y, i, j, k)
  local a, b, aa, bb, ab = 0, 0, 0, 0, 0
  for row = i, i + 6 do
    for column = j, j + 6 do
      local u, v = x[row][column][k], y[row][column][k]
      a, b, aa, bb, ab = a + u / 49, b + v / 49, aa + u * u / 49, bb + v * v / 49, ab + u * v / 49
    end
  end
  return (2 * a * b + 4e-4) * (2 * (ab - a * b) + 3.6e-3) / ((a * a + b * b + 4e-4) * (aa - a * a + bb - b * b + 3.6e-3))
end

local function ssim(x, y)
  local sum, count = 0, 0
  for i = 1, H - 6 do
    for j = 1, W - 6 do
      for k = 1, C do
        sum, count = sum + ssim_at(x, y, i, j, k), count + 1
      end
    end
  end
  return sum / count
end

-- Mean, and standard deviation of the mean.
local function moments(list)
  local mean, square = 0, 0
  for _, value in ipairs(list) do
    mean = mean + value / #list
  end
  for _, value in ipairs(list) do
    square = square + (value - mean) ^ 2
  end
  return mean, math.sqrt(square / (#list - 1) / #list)
end

local function by_hand(x, y)
  local psnrs, ssims, l1s, tops, bottoms = {}, {}, {}, {}, {}
  for n = 1, N do
    local mse = over(x, y, n, function(a, b) return (a - b) ^ 2 end) / (H * W * C)
    psnrs[n] = 10 * math.log(4 / mse, 10)
    l1s[n] = over(x, y, n, function(a, b) return math.abs(a - b) end) / (H * W * C)
    ssims[n], tops[n], bottoms[n] = ssim(x[n], y[n]), energy(y, n), energy(x, n)
  end
  return psnrs, ssims, l1s, tops, bottoms
end

test("scores by hand", function()
  local x, y, xs, ys = pair()
  local psnrs, ssims, l1s, tops, bottoms = by_hand(xs, ys)
  local scores = fidelity.score(x, y)
  for i, list in ipairs { psnrs, ssims, l1s } do
    local mean, deviation = moments(list)
    equal(scores[i].name, ({ "psnr", "ssim", "l1" })[i])
    near(scores[i].value, mean, 1e-4)
    near(scores[i].deviation, deviation, 1e-4)
    near(scores[i].high - scores[i].value, 1.96 * deviation, 1e-4)
    near(scores[i].value - scores[i].low, 1.96 * deviation, 1e-4)
  end
  local ratio, residuals = moments(tops) / moments(bottoms), {}
  for n = 1, N do
    residuals[n] = (tops[n] - ratio * bottoms[n]) / moments(bottoms)
  end
  equal(scores[4].name, "gradient_energy")
  near(scores[4].value, ratio, 1e-5)
  near(scores[4].deviation, select(2, moments(residuals)), 1e-5)
end)

test("scores of many pictures do not depend on batches", function()
  local x, y = pair()
  local many = neap.concat({ x, y, x, y, x, y, x, y, x, y, x, y }, 0)
  local more = neap.concat({ y, x, y, x, y, x, y, x, y, x, y, x }, 0)
  many, more = neap.concat({ many, many, many }, 0), neap.concat({ more, more, more }, 0) -- 108 pictures
  near(fidelity.score(many, more)[1].value, fidelity.score(x, y)[1].value, 1e-4)
  near(fidelity.score(many, more)[3].value, fidelity.score(x, y)[3].value, 1e-6)
end)

test("equal pictures: a finite psnr, ssim and energy of 1", function()
  local x = pair()
  local scores = fidelity.score(x, x)
  near(scores[1].value, 10 * math.log(4e10, 10), 1e-6)
  near(scores[2].value, 1, 1e-5)
  equal(scores[3].value, 0.0)
  near(scores[4].value, 1, 1e-6)
end)

test("flat originals have no energy to compare with; small pictures are one window", function()
  local scores = fidelity.score(neap.zeros(2, 4, 5, 1), neap.full({ 2, 4, 5, 1 }, 0.5))
  equal(#scores, 3)
  near(scores[2].value, 4e-4 / (0.25 + 4e-4), 1e-5)
end)

test("pictures of two shapes are not compared", function()
  local core = require "neap.core"
  for name, compare in pairs { psnr = core.psnr, ssim = core.ssim } do
    local refusal = ": expected two batches of pictures [B, H, W, C] of one shape, got [2, 4, 5, 1] and [2, 5, 4, 1]"
    check.raises(name .. refusal, function() compare(neap.zeros(2, 4, 5, 1), neap.zeros(2, 5, 4, 1)) end)
  end
end)

test("a grid has each row of originals above its reconstructions", function()
  local x = neap.tensor { 1, 2, 3, 4, 5 }:reshape(5, 1, 1, 1)
  equal(reconstruction.rows({ x, x * 10 }, 2):tolist(), {
    { { { 1 } } }, { { { 2 } } }, { { { 10 } } }, { { { 20 } } },
    { { { 3 } } }, { { { 4 } } }, { { { 30 } } }, { { { 40 } } },
    { { { 5 } } }, { { { -1 } } }, { { { 50 } } }, { { { -1 } } },
  })
  equal(reconstruction.rows({ x, x, x }, 5):size(0), 15)
end)

check.finish()
