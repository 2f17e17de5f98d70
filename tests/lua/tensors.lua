-- Tensors as a recipe makes and reads them: from tables, filled, counted; shapes, elements, text; closed.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local test, equal, raises = check.test, check.equal, check.raises

local function shape_of(x)
  return table.concat(x:shape(), " ")
end

test("tensor: from a number and from nested tables", function()
  equal(neap.tensor(5):item(), 5)
  equal(shape_of(neap.tensor(5)), "")
  equal(neap.tensor { { 1, 2, 3 }, { 4, 5, 6.5 } }:tolist(), { { 1, 2, 3 }, { 4, 5, 6.5 } })
  equal(shape_of(neap.tensor { { { 1 }, { 2 } } }), "1 2 1")
  equal(shape_of(neap.tensor {}), "0")
  equal(shape_of(neap.tensor { {}, {} }), "2 0")
end)

test("tensor: what is no number, and tables of unequal length", function()
  raises("tensor: axis 1: expected tables of 2 entries throughout, got table of 1", function()
    neap.tensor { { 1, 2 }, { 3 } }
  end)
  raises("tensor: expected a number, got string", function() neap.tensor { 1, "2" } end)
  raises("tensor: expected a number, got nil", function() neap.tensor(nil) end)
  raises("tensor: expected a number, got table", function() neap.tensor { 1, { 2 } } end)
  raises("tensor: expected at most 8 nested tables", function() neap.tensor { { { { { { { { { 1 } } } } } } } } } end)
  local endless = {}
  endless[1] = endless
  raises("tensor: expected at most 8 nested tables", function() neap.tensor(endless) end)
end)

test("dtypes: made, told, cast, rounded", function()
  equal(neap.tensor({ 1 }).dtype, "f32")
  for _, dtype in ipairs { "f32", "f64", "bf16", "i32", "u8" } do
    local x = neap.tensor({ 1, 2, 200 }, dtype)
    equal(x.dtype, dtype)
    equal(x, { 1, 2, 200 })
    equal(neap.ones(3):cast(dtype).dtype, dtype)
    equal(neap.full({ 2 }, 7, dtype), { 7, 7 })
  end
  equal(math.type(neap.tensor({ 3 }, "i32"):tolist()[1]), "integer")
  equal(math.type(neap.tensor({ 3 }):tolist()[1]), "float")
  equal(neap.tensor({ 0.1 }, "f64"):item(), 0.1)
  equal(neap.tensor({ 1 + 2 ^ -9 }, "bf16"):item(), 1)
  raises("dtype: expected f32, f64, bf16, i32 or u8, got 'f16'", function() neap.tensor({ 1 }, "f16") end)
  raises("dtype: expected f32, f64, bf16, i32 or u8, got 'half'", function() neap.ones(1):cast "half" end)
end)

test("full, zeros, ones: sizes as numbers or as one table", function()
  equal(neap.full({ 2, 2 }, 1.5), { { 1.5, 1.5 }, { 1.5, 1.5 } })
  equal(neap.full(3, 2), { 2, 2, 2 })
  equal(neap.zeros(2, 3), { { 0, 0, 0 }, { 0, 0, 0 } })
  equal(neap.zeros { 2, 3 }, neap.zeros(2, 3):tolist())
  equal(neap.ones(1, 2, 1), { { { 1 }, { 1 } } })
  equal(neap.zeros():item(), 0)
  equal(neap.zeros(2, 0, 3):size(), 0)
end)

test("full, zeros: sizes that are refused", function()
  raises("shape: expected whole numbers, got abc", function() neap.full("abc", 1) end)
  raises("shape: expected whole numbers, got nil", function() neap.full(nil, 1) end)
  raises("shape: expected whole numbers, got 1.5", function() neap.zeros(2, 1.5) end)
  raises("shape: expected at most 8 axes", function() neap.zeros(1, 1, 1, 1, 1, 1, 1, 1, 1) end)
  raises("tensor: expected at most 8 axes of sizes from 0, got [-2]", function() neap.zeros(-2) end)
  raises("full: expected a number, got string", function() neap.full({ 2 }, "1") end)
  raises("memory: no room for a tensor of 4398046511104 bytes", function() neap.zeros(1 << 20, 1 << 20) end)
end)

test("arange and linspace", function()
  equal(neap.arange(4), { 0, 1, 2, 3 })
  equal(neap.arange(2, 5), { 2, 3, 4 })
  equal(neap.arange(0, 1, 0.25), { 0, 0.25, 0.5, 0.75 })
  equal(neap.arange(0, 1, 0.75), { 0, 0.75 })
  equal(neap.arange(5, 2, -1), { 5, 4, 3 })
  equal(neap.arange(5, 2), {})
  equal(neap.linspace(1, 0, 5), { 1, 0.75, 0.5, 0.25, 0 })
  equal(neap.linspace(3, 9, 1), { 3 })
  equal(neap.linspace(3, 9, 0), {})
  raises("arange: expected a number, got nil", function() neap.arange() end)
  raises("arange: step: expected a number that is not 0", function() neap.arange(0, 5, 0) end)
  raises("arange: count: expected a whole number, got inf", function() neap.arange(0, math.huge) end)
  raises("linspace: count: expected a number, got nil", function() neap.linspace(0, 1) end)
  raises("linspace: count: expected a whole number, got 2.5", function() neap.linspace(0, 1, 2.5) end)
end)

test("shape, size, #", function()
  local x = neap.zeros(2, 3, 4)
  equal(x:shape(), { 2, 3, 4 })
  equal({ x:size(), x:size(0), x:size(2), x:size(-1), #x }, { 24, 2, 4, 4, 2 })
  equal({ neap.tensor(1):size(), #neap.tensor(1) }, { 1, 0 })
  raises("size: axis: expected -3 to 2, got 3", function() x:size(3) end)
end)

test("item, tolist, elements", function()
  equal(neap.tensor { { 2.5 } }:item(), 2.5)
  equal(neap.arange(6):reshape(2, 3):permute(1, 0):tolist(), { { 0, 3 }, { 1, 4 }, { 2, 5 } })
  raises("item: expected one element, got [2, 3]", function() neap.zeros(2, 3):item() end)
  raises("tensor: has no numeric indices; read elements with slice, item or tolist", function() local _ = neap.zeros(2)[1] end)
end)

test("each: rows along the first axis, numbers where it is the only one", function()
  local rows, numbers = {}, {}
  for row in neap.arange(6):reshape(3, 2):each() do
    rows[#rows + 1] = row:tolist()
  end
  for number in neap.linspace(1, 0, 3):each() do
    numbers[#numbers + 1] = number
  end
  equal(rows, { { 0, 1 }, { 2, 3 }, { 4, 5 } })
  equal(numbers, { 1, 0.5, 0 })
  raises("expected a tensor, got number", function() local _ = neap.tensor(1).each(3) end)
end)

test("assign: in place, for equal shapes", function()
  local x = neap.zeros(2, 2)
  local view = x:slice(0, 1, 2)
  equal(x:assign(neap.tensor { { 1, 2 }, { 3, 4 } }), { { 1, 2 }, { 3, 4 } })
  equal(view, { { 3, 4 } })
  x:assign(neap.tensor({ { 5, 6 }, { 7, 8 } }, "i32"))
  equal({ x.dtype, x:tolist() }, { "f32", { { 5, 6 }, { 7, 8 } } })
  equal(x:assign(x:permute(1, 0)), { { 5, 7 }, { 6, 8 } })
  local line = neap.arange(5)
  line:slice(0, 1, 5):assign(line:slice(0, 0, 4))
  equal(line, { 0, 0, 1, 2, 3 })
  raises("assign: expected [2, 2], got [2]", function() x:assign(neap.ones(2)) end)
  raises("expected a tensor, got number", function() x:assign(1) end)
end)

test("tostring", function()
  equal(tostring(neap.tensor { { -1, 2.5, 0 }, { 1e-7, 1 / 3, 12345.678 } }),
    "tensor f32 [2, 3] from -1 to 12346\n" ..
    "          -1        2.5          0\n" ..
    "       1e-07    0.33333      12346")
  equal(tostring(neap.tensor(5)), "tensor f32 []\n           5")
  equal(tostring(neap.zeros(2, 0)), "tensor f32 [2, 0]")
  equal(tostring(neap.tensor({ 1, 0 }, "u8")), "tensor u8 [2] from 0 to 1\n           1          0")
end)

test("tostring: at most 6 rows of 8", function()
  local lines = {}
  for line in tostring(neap.zeros(2, 4, 9)):gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  equal(#lines, 8)
  equal(lines[1], "tensor f32 [2, 4, 9] from 0 to 0")
  equal(lines[2], " " .. ("          0"):rep(8) .. " ..")
  equal(lines[8], "  ..")
end)

test("tostring: what is not finite is counted", function()
  equal(tostring(neap.tensor { math.huge, 0 / 0, 1 }),
    "tensor f32 [3] from 1 to inf, 1 NaN, 1 infinite\n         inf        nan          1")
  equal(tostring(neap.tensor { 0 / 0, 0 / 0 }), "tensor f32 [2], 2 NaN\n         nan        nan")
end)

test("properties, and the nearest name for what is none", function()
  local x = neap.ones(2)
  equal({ x.dtype, x.requires_grad, x.grad }, { "f32", false })
  raises("tensor: there is no 'smu'; did you mean 'sum'?", function() x:smu() end)
  raises("tensor: there is no 'dtpye'; did you mean 'dtype'?", function() local _ = x.dtpye end)
  raises("tensor: there is no 'wavelength'; `neap help tensor` lists what there is", function() local _ = x.wavelength end)
  raises("neap has no 'zeroes'; did you mean 'zeros'?", function() neap.zeroes(2) end)
end)

test("close: once or twice, and nothing can be read after it", function()
  collectgarbage()
  local before = neap.memory().live
  local x = neap.zeros(1000)
  equal(neap.memory().live - before, 4000)
  x:close()
  x:close()
  equal(neap.memory().live, before)
  raises("tensor: closed already", function() local _ = x + 1 end)
  raises("tensor: closed already", function() x:sum() end)
  raises("tensor: closed already", function() local _ = x.dtype end)
  raises("tensor: closed already", function() tostring(x) end)
end)

test("local <close> frees at the end of the block", function()
  collectgarbage()
  local before = neap.memory().live
  do
    local x <close> = neap.zeros(1000)
    local view <close> = x:slice(0, 0, 10)
    equal(view:size(), 10)
    equal(neap.memory().live - before, 4000)
  end
  equal(neap.memory().live, before)
end)

check.finish()
