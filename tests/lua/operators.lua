-- Operators between tensors and numbers: values, both orders, broadcasting, gradients.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises

local operators = {
  { "+", function(a, b) return a + b end },
  { "-", function(a, b) return a - b end },
  { "*", function(a, b) return a * b end },
  { "/", function(a, b) return a / b end },
  { "^", function(a, b) return a ^ b end },
}

-- The largest results are near 100, so f32 leaves five digits behind the point.
local TOLERANCE = 1e-4

local function map(values, f)
  local result = {}
  for i, value in ipairs(values) do
    result[i] = f(value, i)
  end
  return result
end

local left, right = { 0.5, 2, 3.25, 5 }, { 1.5, 0.25, 4, 2 }

for _, operator in ipairs(operators) do
  local name, apply = table.unpack(operator)

  test("tensor " .. name .. " tensor", function()
    local want = map(left, function(value, i) return apply(value, right[i]) end)
    close(apply(neap.tensor(left), neap.tensor(right)), want, TOLERANCE)
  end)

  test("tensor " .. name .. " number", function()
    for _, number in ipairs { 3, -2, 0.5 } do
      close(apply(neap.tensor(left), number), map(left, function(value) return apply(value, number) end), TOLERANCE)
    end
  end)

  test("number " .. name .. " tensor", function()
    for _, number in ipairs { 3, 0.5 } do
      close(apply(number, neap.tensor(left)), map(left, function(value) return apply(number, value) end), TOLERANCE)
    end
  end)

  test("[2, 1] " .. name .. " [3]", function()
    local a, b = { 2, 3 }, { 1, 2, 4 }
    local want = map(a, function(x) return map(b, function(y) return apply(x, y) end) end)
    close(apply(neap.tensor(a):reshape(2, 1), neap.tensor(b)), want, TOLERANCE)
    want = map(b, function(y) return map(a, function(x) return apply(y, x) end) end)
    close(apply(neap.tensor(b):reshape(3, 1), neap.tensor(a)), want, TOLERANCE)
  end)

  test(name .. " in f64 keeps it, with numbers, too", function()
    local x = neap.tensor(left, "f64")
    equal({ apply(x, x).dtype, apply(x, 2).dtype, apply(2, x).dtype }, { "f64", "f64", "f64" })
    close(apply(x, 3), map(left, function(value) return apply(value, 3) end), 1e-12)
  end)
end

test("operands that are neither tensors nor numbers", function()
  local x = neap.ones(2)
  raises("arithmetic: expected a tensor or a number, got nil", function() local _ = x + nil end)
  raises("arithmetic: expected a tensor or a number, got table", function() local _ = {} * x end)
  raises("arithmetic: expected a tensor or a number, got string", function() local _ = x ^ "1" end)
  raises("expected a tensor, got number", function() local _ = getmetatable(x).__unm(1) end)
end)

test("unary minus", function()
  equal(-neap.tensor { 1, -2, 0.5 }, { -1, 2, -0.5 })
end)

test("^ with a whole exponent takes negative bases", function()
  close(neap.tensor { -2, -1, 3 } ^ 3, { -8, -1, 27 })
  close(neap.tensor { -2, 4 } ^ 2, { 4, 16 })
end)

test("gradients through every operator, in both orders", function()
  local x = neap.tensor { 2 }:require_grad()
  local y = (3 - x) * x + 2 / x - x / 4 + x ^ 3 + 2 ^ x + (-x)
  y:sum():backward()
  -- d/dx of 3 x - x^2 + 2 / x - x / 4 + x^3 + 2^x - x
  close(x.grad, { 3 - 4 - 2 / 4 - 0.25 + 12 + 4 * math.log(2) - 1 }, 1e-5)
end)

test("gradients of operands that broadcast have their shapes", function()
  local a, b = neap.ones(2, 1):require_grad(), neap.tensor { 1, 2, 3 }:require_grad();
  (a * b):sum():backward()
  equal(a.grad, { { 6 }, { 6 } })
  equal(b.grad, { 2, 2, 2 })
end)

check.finish()
