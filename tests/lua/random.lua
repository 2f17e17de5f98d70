-- Random numbers of a recipe: repeated by the seed, apart from each other, of the right moments, the same for any
-- number of threads.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises

local function draw()
  local x = neap.randn(3, 5)
  local y, number = neap.rand(4), neap.uniform(2, 3)
  return { x:tolist(), y:tolist(), number, neap.randn_like(x):tolist(), neap.rand_like(x):tolist() }
end

test("a seed repeats all that is drawn after it", function()
  neap.seed(7)
  equal(neap.seed(), 7)
  local first = draw()
  check.truth(draw()[3] ~= first[3], "the next draw repeats the first")
  neap.seed(7)
  equal(draw(), first)
  neap.seed(8)
  check.truth(draw()[3] ~= first[3], "another seed draws the same")
  raises("seed: expected a whole number, got 1.5", function() neap.seed(1.5) end)
  raises("seed: expected a number, got string", function() neap.seed("7") end)
  equal(neap.seed(), 8)
end)

test("shapes and dtypes", function()
  equal(neap.randn(2, 3):shape(), { 2, 3 })
  equal(neap.rand({ 4, 1 }):shape(), { 4, 1 })
  equal(neap.randn():shape(), {})
  equal(neap.randn_like(neap.zeros(2, 2)):shape(), { 2, 2 })
  equal({ neap.randn(1).dtype, neap.rand(1).dtype }, { "f32", "f32" })
  raises("expected a tensor, got number", function() local _ = neap.rand_like(3) end)
  raises("shape: expected whole numbers, got a", function() local _ = neap.randn("a") end)
end)

-- Of n numbers, the mean is off by 1 / sqrt(n) of a deviation; five of these are passed once in two million seeds.
local COUNT = 1000000
local FIVE = 5 / math.sqrt(COUNT)

test("moments of normal numbers", function()
  neap.seed(1)
  local x = neap.randn(COUNT)
  close(x:mean():item(), 0, FIVE)
  close(x:variance():item(), 1, FIVE * math.sqrt(2)) -- the square has a variance of 2
  close((x ^ 3):mean():item(), 0, FIVE * math.sqrt(15))
  close((x ^ 4):mean():item(), 3, FIVE * math.sqrt(96))
end)

test("moments and bounds of uniform numbers", function()
  neap.seed(1)
  local x = neap.rand(COUNT)
  close(x:mean():item(), 1 / 2, FIVE / math.sqrt(12))
  close(x:variance():item(), 1 / 12, FIVE / math.sqrt(180))
  check.truth((-x):max():item() <= 0, "a number below 0")
  check.truth(x:max():item() < 1, "a number that is not below 1")
end)

test("uniform(low, high)", function()
  neap.seed(1)
  local sum = 0
  for _ = 1, 10000 do
    local value = neap.uniform(-2, 4)
    check.truth(value >= -2 and value < 4, "outside")
    sum = sum + value
  end
  close(sum / 10000, 1, 5 * 6 / math.sqrt(12 * 10000))
  local plain = neap.uniform()
  check.truth(plain >= 0 and plain < 1)
  raises("uniform: expected a number, got string", function() neap.uniform("a") end)
end)

test("one and two threads draw and compute the same bits", function()
  local function work()
    neap.seed(3)
    local x = neap.randn(300, 257)
    local y = x:matmul(x, { transpose_b = true }):gelu():softmax():layer_norm()
    return { x:sum():item(), y:tolist() }
  end
  local before = neap.threads()
  neap.threads(1)
  local alone = work()
  neap.threads(2)
  equal(neap.threads(), 2)
  equal(work(), alone)
  neap.threads(before)
end)

check.finish()
