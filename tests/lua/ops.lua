-- One function and one method for each row of the op table; attributes by position, as a list, by name.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises

local x = neap.tensor { { 0.5, 2, 1 }, { 4, 0.25, 3 } }
local batch = neap.arange(24):reshape(2, 3, 4) / 24
local index = neap.tensor({ { 1, 0 }, { 2, 2 } }, "i32")
local pictures = neap.arange(24):reshape(1, 4, 3, 2)
local weight, bias = neap.ones(2, 3), neap.tensor { 1, 2 }

-- What each op that is not elementwise of one argument is called with, and the shape of what it returns.
local calls = {
  leaky_relu = { { x, 0.1 }, { 2, 3 } },
  clamp = { { x, 0.5, 2 }, { 2, 3 } },
  affine = { { x, 2, 1 }, { 2, 3 } },
  power = { { x, 2 }, { 2, 3 } },
  add = { { x, x }, { 2, 3 } }, sub = { { x, 1 }, { 2, 3 } },
  mul = { { x, x }, { 2, 3 } }, div = { { x, x }, { 2, 3 } },
  maximum = { { x, 1 }, { 2, 3 } }, minimum = { { x, 1 }, { 2, 3 } },
  eq = { { x, x }, { 2, 3 } }, ne = { { x, x }, { 2, 3 } }, lt = { { x, 1 }, { 2, 3 } },
  le = { { x, 1 }, { 2, 3 } }, gt = { { x, 1 }, { 2, 3 } }, ge = { { x, 1 }, { 2, 3 } },
  where = { { x:gt(1), x, 0 }, { 2, 3 } },
  cast = { { x, "i32" }, { 2, 3 } },
  sum = { { x, 1 }, { 2 } }, mean = { { x }, {} },
  max = { { x, { 0 }, true }, { 1, 3 } }, variance = { { x, { 0, 1 } }, {} },
  reshape = { { x, 3, 2 }, { 3, 2 } },
  permute = { { x, 1, 0 }, { 3, 2 } },
  slice = { { x, 1, 0, 2 }, { 2, 2 } },
  expand = { { x, { 4, 2, 3 } }, { 4, 2, 3 } },
  contiguous = { { x }, { 2, 3 } },
  pad = { { x, { 1, 0, 0, 2 } }, { 3, 5 } },
  concat = { { x, x, x, 0 }, { 6, 3 } },
  gather = { { x, index, 1 }, { 2, 2 } },
  scatter_add = { { neap.ones(2, 2), index, 1, 3 }, { 2, 3 } },
  matmul = { { x, x, false, true }, { 2, 2 } },
  linear = { { x, weight, bias }, { 2, 2 } },
  linear_gelu = { { x, weight, bias }, { 2, 2 } },
  linear_gated_add = {
    { neap.zeros(2, 3, 2), neap.ones(2, 2), batch, neap.ones(2, 4), bias }, { 2, 3, 2 },
  },
  conv2d = { { pictures, neap.ones(5, 3, 3, 2), neap.ones(5), 2, 1 }, { 1, 2, 2, 5 } },
  conv2d_transpose = { { pictures, neap.ones(2, 2, 2, 3), { stride = 2, size = { 9, 6 } } }, { 1, 9, 6, 3 } },
  conv2d_weight = { { pictures, neap.ones(1, 2, 2, 5), { size = { 2, 1 }, stride = 2 } }, { 5, 2, 1, 2 } },
  filter = { { pictures, { taps = { 1, 2, 1 }, axis = 1, scale = 0.25 } }, { 1, 2, 3, 2 } },
  resample = { { pictures, 2, 6, 1 }, { 1, 4, 6, 2 } },
  max_pool_index = { { pictures, 2 }, { 1, 3, 2, 2 } },
  batch_norm = { { x, neap.ones(3), neap.zeros(3) }, { 2, 3 } },
  group_norm = { { x, neap.ones(3), neap.zeros(3), 3 }, { 2, 3 } },
  group_norm_silu = { { x, neap.ones(3), neap.zeros(3), 3 }, { 2, 3 } },
  embedding = { { x, neap.tensor({ 1, 1, 0 }, "i32") }, { 3, 3 } },
  embedding_sum = { { x, neap.tensor({ 1, 1 }, "i32"), 4 }, { 4, 3 } },
  softmax = { { x, 0 }, { 2, 3 } }, log_softmax = { { x }, { 2, 3 } },
  layer_norm = { { x, 1e-5 }, { 2, 3 } }, rms_norm = { { x }, { 2, 3 } },
  modulated_norm = { { batch, neap.ones(2, 4), neap.ones(2, 4) }, { 2, 3, 4 } },
  gated_add = { { batch, neap.ones(2, 4), batch }, { 2, 3, 4 } },
  attention = { { batch:reshape(2, 3, 2, 2), batch:reshape(2, 3, 2, 2), batch:reshape(2, 3, 2, 2) }, { 2, 3, 2, 2 } },
  self_attention = { { neap.ones(2, 3, 12), 2 }, { 2, 3, 4 } },
  cross_attention = { { batch, neap.ones(2, 5, 8), 2 }, { 2, 3, 4 } },
  joint_attention = { { neap.ones(2, 3, 12), neap.ones(2, 2, 12), 2 }, { 10, 4 } },
  cross_entropy = { { x, neap.tensor({ 0, 2 }, "i32") }, {} },
  bce_with_logits = { { x, neap.ones(2, 3) }, {} },
}

for _, row in ipairs(core.op_table()) do
  test("neap." .. row.name .. "(x) and x:" .. row.name .. "()", function()
    local unary = row.max == 1 and #row.attrs == 0
    local call = calls[row.name] or unary and { { x }, { 2, 3 } }
    check.truth(call, "there is no example of a call")
    local arguments, shape = table.unpack(call)
    local result = neap[row.name](table.unpack(arguments))
    equal(result:shape(), shape)
    equal(arguments[1][row.name](table.unpack(arguments)), result)
  end)
end

test("attention with lengths", function()
  local q, k, v = neap.randn(2, 3, 1, 4), neap.randn(2, 5, 1, 4), neap.randn(2, 5, 1, 4)
  local lengths = neap.tensor({ 2, 0 }, "i32")
  local y = neap.attention(q, k, v, lengths)
  equal(y:slice(0, 0, 1), neap.attention(q, k:slice(1, 0, 2), v:slice(1, 0, 2)):slice(0, 0, 1):tolist())
  equal(y:slice(0, 1, 2), neap.zeros(1, 3, 1, 4):tolist())
  local qkv = neap.randn(2, 3, 12)
  equal(neap.self_attention(qkv, lengths, 2):slice(0, 0, 1):slice(1, 0, 2),
    neap.self_attention(qkv:slice(1, 0, 2), 2):slice(0, 0, 1):tolist())
  local queries, kv = neap.randn(2, 3, 4), neap.randn(2, 5, 8)
  equal(neap.cross_attention(queries, kv, lengths, 2):slice(0, 0, 1),
    neap.cross_attention(queries, kv:slice(1, 0, 2), 2):slice(0, 0, 1):tolist())
  equal(neap.joint_attention(qkv, kv, lengths, 2):slice(0, 0, 1),
    neap.joint_attention(qkv, kv:slice(1, 0, 2), 2):slice(0, 0, 1):tolist())
  raises("attention: lengths: expected 0 to 5, got 6 in row 1 of the batch", function()
    neap.attention(q, k, v, neap.tensor({ 0, 6 }, "i32"))
  end)
  raises("attention: expected q [B, N, H, d], k and v [B, M, H, d] of one dtype, f32 or f64, M and d from 1, and lengths "
    .. "i32 [B] or none, got f32 [2, 3, 1, 4], f32 [2, 5, 1, 4], f32 [2, 5, 1, 4], f32 [2]", function()
    neap.attention(q, k, v, neap.ones(2))
  end)
  raises("attention: unexpected argument 4", function() neap.attention(q, k, v, 2) end)
end)

test("attributes by position, as a list, by name", function()
  local want = { { 3.5 }, { 7.25 } }
  for _, sum in ipairs {
    x:sum(1, true),
    x:sum(1, { keep = true }), x:sum({ 1 }, true), x:sum { axes = { 1 }, keep = true }, x:sum { axes = 1, keep = true },
    x:sum({ -1 }, true), neap.sum(x, { axes = 1, keep = true }),
  } do
    equal(sum, want)
  end
  equal(x:sum(0, 1):item(), 10.75)
  equal(x:sum { 0, 1 }:item(), 10.75)
  equal(x:sum():item(), 10.75)
  equal(x:affine(nil, 1), (x + 1):tolist())
  equal(x:affine { shift = 1 }, (x + 1):tolist())
  close(x:softmax(), x:softmax { axis = -1 }:tolist())
end)

test("attributes that do not fit", function()
  raises("sum: unknown attribute 'axis'; did you mean 'axes'?", function() x:sum { axis = 1 } end)
  raises("sum: unknown attribute 'wavelength'", function() x:sum { wavelength = 1 } end)
  raises("exp: unexpected argument 2", function() x:exp(1) end)
  raises("softmax: unexpected argument 3", function() x:softmax(0, 1) end)
  raises("clamp: high is required", function() x:clamp(0) end)
  raises("clamp: low is required", function() x:clamp { high = 1 } end)
  raises("slice: stop is required", function() x:slice(0, 1) end)
  raises("clamp: low: expected a number, got string", function() x:clamp("0", 1) end)
  raises("sum: axes: expected a whole number, got 0.5", function() x:sum(0.5) end)
  raises("sum: keep: expected true or false, got number", function() x:sum({ 0 }, 1) end)
  raises("self_attention: heads: expected a whole number, got 1.5", function() x:self_attention(1.5) end)
  raises("sum: expected a table of attributes by name, or a list; not both in one", function() x:sum { 1, keep = true } end)
  raises("pad: before_after: expected at most 16 entries", function() x:pad(neap.zeros(17):tolist()) end)
end)

test("inputs: tensors, numbers among them, one table", function()
  equal(neap.sub(1, neap.tensor { 1, 2 }), { 0, -1 })
  equal(neap.sub(neap.tensor { 1, 2 }, 1), { 0, 1 })
  equal(neap.square(3):item(), 9)
  equal(neap.concat({ x, x }, 0), neap.concat(x, x, 0):tolist())
  equal(neap.concat({ x, x }, { axis = 1 }):shape(), { 2, 6 })
  raises("add: expected 2 tensors, got 1", function() neap.add(x) end)
  raises("add: expected 2 tensors, got 1 and then table", function() neap.add(x, {}) end)
  raises("exp: expected 1 tensor, got 0 and then string", function() neap.exp "x" end)
  raises("exp: expected 1 tensor, got 0", function() neap.exp() end)
  raises("concat: input 2: expected a tensor, and at most 16 of them", function() neap.concat({ x, 5 }, 0) end)
  raises("concat: axis is required", function() neap.concat { x, x } end)
end)

test("reshape: numbers or a table, one of them -1", function()
  equal(x:reshape(3, 2), { { 0.5, 2 }, { 1, 4 }, { 0.25, 3 } })
  for _, shaped in ipairs {
    x:reshape { 3, 2 }, x:reshape(-1, 2), x:reshape { 3, -1 }, x:reshape { shape = { 3, 2 } },
  } do
    equal(shaped, x:reshape(3, 2):tolist())
  end
  equal(x:slice(0, 0, 1):slice(1, 0, 1):reshape {}:item(), 0.5)
end)

test("chunk: equal parts of an axis, by default the last", function()
  local a, b, c = x:chunk(3)
  equal({ a:tolist(), b:tolist(), c:tolist() }, { { { 0.5 }, { 4 } }, { { 2 }, { 0.25 } }, { { 1 }, { 3 } } })
  local top, bottom = neap.chunk(x, 2, 0)
  equal({ top:tolist(), bottom:tolist() }, { { { 0.5, 2, 1 } }, { { 4, 0.25, 3 } } })
  raises("chunk: expected an axis divisible by 2, got axis 1 of [2, 3]", function() local _ = x:chunk(2) end)
  raises("chunk: expected an axis divisible by 0, got axis 1 of [2, 3]", function() local _ = x:chunk(0) end)
  raises("chunk: expected an axis divisible by 2, got axis 2 of [2, 3]", function() local _ = x:chunk(2, 2) end)
  raises("expected a tensor, got number", function() local _ = neap.chunk(3, 1) end)
end)

test("pixels: pooled and resized along rows and columns", function()
  local picture = neap.arange(16):reshape(1, 4, 4, 1)
  local function of(y) return y:reshape(-1):tolist() end
  equal(of(picture:max_pool(2)), { 5, 7, 13, 15 })
  equal(of(neap.max_pool(picture, 3, 2, 1)), { 5, 7, 13, 15 })
  equal(of((-picture):max_pool(2, 1)), { 0, -1, -2, -4, -5, -6, -8, -9, -10 })
  equal(of(picture:average_pool(2)), { 2.5, 4.5, 10.5, 12.5 })
  close(of(picture:average_pool(3, 3, 1)), { 10 / 9, 2, 42 / 9, 50 / 9 }, 1e-6)
  equal(of(picture:slice(1, 0, 2):slice(2, 0, 2):resize(4, 2)), { 0, 1, 0, 1, 4, 5, 4, 5 })
  equal(of(picture:slice(1, 0, 1):slice(2, 0, 2):resize(1, 4, "linear")), { 0, 0.25, 0.75, 1 })
  equal(picture:average_pool(2):shape(), { 1, 2, 2, 1 })
  picture:require_grad()
  equal(of((picture:max_pool(2):sum():gradients { picture })[1]), { 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1 })
  equal(of((picture:average_pool(4):sum():gradients { picture })[1]), of(neap.full({ 16 }, 1 / 16)))
  raises("max_pool: kernel: expected a whole number from 1, got 0", function() local _ = picture:max_pool(0) end)
  raises("max_pool: stride: expected a whole number from 1, got 1.5", function() local _ = picture:max_pool(2, 1.5) end)
  raises("average_pool: padding: expected a whole number from 0, got -1", function() local _ = picture:average_pool(2, 2, -1) end)
  raises("average_pool: kernel: expected a whole number from 1, got nil", function() local _ = picture:average_pool() end)
  raises("max_pool: expected pictures [B, rows, columns, C], got [2, 3]", function() local _ = x:max_pool(2) end)
  raises("resize: mode: expected nearest or linear, got cubic", function() local _ = picture:resize(2, 2, "cubic") end)
  raises("resize: columns: expected a whole number from 1, got nil", function() local _ = neap.resize(picture, 2) end)
end)

check.finish()
