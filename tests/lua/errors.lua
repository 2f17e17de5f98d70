-- Errors: the recipe's own line, what was expected and what came; everything is usable after them.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local test, equal, raises = check.test, check.equal, check.raises

local here = debug.getinfo(1, "S").source:sub(2)

local function line_of_caller()
  return debug.getinfo(2, "l").currentline
end

test("a message begins with the file and the line", function()
  local x, line = neap.zeros(2, 3), nil
  local _, message = pcall(function()
    line = line_of_caller() + 1
    local y = x + neap.zeros(4)
    return y
  end)
  equal(message, ("%s:%d: add: expected shapes that broadcast, got [2, 3] and [4]"):format(here, line))
end)

test("the line is the recipe's, also through functions of the library", function()
  local x, line = neap.zeros(2, 3), nil
  local _, message = pcall(function()
    line = line_of_caller() + 1
    neap.no_grad(neap.chunk, x, 2)
    return line
  end)
  equal(message, ("%s:%d: chunk: expected an axis divisible by 2, got axis 1 of [2, 3]"):format(here, line))
end)

test("a recipe within a recipe: its name for code without a file", function()
  local chunk = load('local neap = require "neap"\nlocal x = neap.zeros(2):reshape(3)', "=typed")
  local _, message = pcall(chunk)
  equal(message, "typed:2: reshape: expected a shape of 2 elements like [2], got [3]")
end)

test("shapes that do not fit are both told", function()
  local x, cube = neap.zeros(2, 3), neap.zeros(2, 3, 4)
  raises("mul: expected shapes that broadcast, got [2, 3] and [2, 3, 4]", function() local _ = x * cube end)
  raises("matmul: expected [.., m, k] by [.., k, n] (after transposing), got f32 [2, 3], f32 [2, 3]", function()
    x:matmul(x)
  end)
  raises("reshape: expected a shape of 6 elements like [2, 3], got [4, 2]", function() x:reshape(4, 2) end)
  raises("reshape: expected a shape of 6 elements like [2, 3], got [-1, -1]", function() x:reshape(-1, -1) end)
  raises("slice: expected a range within [0, 3) of axis 1, got [1, 9)", function() x:slice(1, 1, 9) end)
  raises("sum: axis: expected -2 to 1, got 2", function() x:sum(2) end)
  raises("sum: axis 0 is given twice", function() x:sum(0, -2) end)
  raises("add: input 0: expected f32 or f64, got i32", function() local _ = x:cast "i32" + x end)
end)

test("the first of several failures is told", function()
  local x = neap.zeros(2, 3)
  raises("reshape: expected a shape of 6 elements like [2, 3], got [5]", function()
    local _ = (x:reshape(5) + 1):matmul(neap.zeros(9))
  end)
end)

test("a message of the core does not linger", function()
  pcall(function() neap.zeros(2):reshape(3) end)
  equal(neap.tensor(4):item(), 4)
  raises("tensor: there is no 'smu'; did you mean 'sum'?", function() neap.zeros(2):smu() end)
end)

-- Errors at every depth: while arguments are read, within an op, in a backward pass, in a coroutine.
local mistakes = {
  function() neap.zeros(2):reshape(3) end,
  function() neap.zeros(2):sum { axis = 1 } end,
  function() neap.tensor { { 1, 2 }, { "x" } } end,
  function() neap.concat({ neap.zeros(2), neap.zeros(2, 2) }, 0) end,
  function() neap.ones(2):require_grad():square():backward() end,
  function() neap.no_grad(function() neap.zeros(2):reshape(3) end) end,
  function() coroutine.wrap(function() neap.zeros(2):reshape(3) end)() end,
  function() local _ <close> = neap.zeros(1000); neap.zeros(2):reshape(3) end,
}

test("a thousand errors in pcall leave no bytes behind and everything usable", function()
  local x = neap.tensor({ 3 }):require_grad()
  collectgarbage()
  collectgarbage()
  local before = neap.memory().live
  for i = 1, 1000 do
    equal(pcall(mistakes[i % #mistakes + 1]), false)
  end
  collectgarbage()
  collectgarbage()
  equal(neap.memory().live, before)
  x:square():sum():backward()
  equal(x.grad, { 6 })
end)

check.finish()
