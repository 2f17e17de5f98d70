-- Gradients from Lua: backward into .grad, gradients of given tensors, second derivatives, recording.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises

local function leaf(values)
  return neap.tensor(values):require_grad()
end

test("backward fills .grad of every leaf, and adds to it", function()
  local x, w = leaf { 1, 2 }, leaf { 3, 5 }
  equal({ x.requires_grad, x.grad }, { true })
  local y = x * w
  equal(y.requires_grad, true)
  y:sum():backward()
  equal({ x.grad:tolist(), w.grad:tolist() }, { { 3, 5 }, { 1, 2 } });
  (x * w):sum():backward()
  equal(x.grad, { 6, 10 })
  x:clear_grad()
  equal({ x.grad, w.grad:tolist() }, { nil, { 2, 4 } });
  (x * w):sum():backward()
  equal(x.grad, { 3, 5 })
end)

test("backward from a seed", function()
  local x = leaf { 1, 2 }
  x:square():backward(neap.tensor { 10, 100 })
  equal(x.grad, { 20, 400 })
  raises("backward: expected one element or a seed, got [2]: take the mean or the sum first", function()
    x:square():backward()
  end)
  raises("backward: expected a seed like y, f32 [2], got f32 [3]", function() x:square():backward(neap.ones(3)) end)
end)

test("the graph serves once, or as often as it is kept", function()
  local x = leaf { 3 }
  local y = x:square():sum()
  y:backward { keep_graph = true }
  y:backward { keep_graph = false }
  equal(x.grad, { 12 })
  raises("backward: 'sum' was differentiated already: compute the loss again, or pass keep_graph to the earlier pass", function()
    y:backward()
  end)
  equal(x.grad, { 12 })
end)

test("flags that are refused", function()
  local y = leaf({ 1 }):sum()
  raises("backward: unknown flag 'keep_grph'; did you mean 'keep_graph'?", function()
    y:backward { keep_grph = true }
  end)
  raises("gradients: unknown flag 'wavelength'", function() y:gradients({}, { wavelength = true }) end)
  raises("backward: expected a table of flags, got number", function() y:backward(1) end)
  raises("backward: expected flags by name", function() y:backward { true } end)
end)

test("what has no gradient", function()
  local x = leaf { 1, 2 }
  raises("tensor: has no fields to set; x:assign(y) writes elements, x:require_grad(on) turns gradients on", function()
    x.requires_grad = true
  end)
  local history = "backward: the tensor has no history: make it from a parameter, or a tensor marked by require_grad, "
    .. "outside of no_grad"
  raises(history, function() neap.ones(1):backward() end)
  raises(history, function() neap.no_grad(function() return x:sum() end):backward() end)
  raises(history, function() x:sum():detach():backward() end)
  raises("backward: the tensor was made without recording: compute it and its gradient outside of no_grad", function()
    neap.no_grad(function() x:sum():backward() end)
  end)
  raises("require_grad: expected f32 or f64, got i32", function() neap.tensor({ 1 }, "i32"):require_grad() end)
  raises("require_grad: expected a leaf, got the result of 'mul'", function() (x * x):require_grad() end)
  equal(x:require_grad(false).requires_grad, false)
  equal((x * x).requires_grad, false)
end)

test("gradients of given tensors leave .grad alone", function()
  local x, w = leaf { 1, 2 }, leaf { 3, 5 }
  local apart = leaf { 7 }
  local dx, dw, none = table.unpack((x * w):sum():gradients { x, w, apart })
  equal({ dx:tolist(), dw:tolist(), none:tolist() }, { { 3, 5 }, { 1, 2 }, { 0 } })
  equal(x.grad, nil)
  equal((x * w):sum():gradients {}, {})
  equal(neap.gradients((x * w):sum(), { w })[1], { 1, 2 })
  raises("gradients: expected a table of tensors, got nil", function() x:sum():gradients() end)
  raises("gradients: expected a table of tensors, got userdata", function() x:sum():gradients(x) end)
  raises("expected a tensor, got number", function() x:sum():gradients { x, 1 } end)
end)

test("second and third derivatives of x^3", function()
  local x = leaf { 2, -1 }
  local first = (x ^ 3):sum():gradients({ x }, { create_graph = true })[1]
  close(first, { 12, 3 }, 1e-5)
  local second = first:sum():gradients({ x }, { create_graph = true })[1]
  close(second, { 12, -6 }, 1e-5)
  close(second:sum():gradients { x }[1], { 6, 6 }, 1e-5)
end)

test("training: batch norm goes by the batch and moves its running statistics", function()
  local model = neap.architecture.gan { rows = 8, columns = 8, width = 8, latent = 4 }
  local z, running = neap.randn(16, 4), model:parameters()
  local function statistics()
    for _, entry in ipairs(running) do
      if entry[1] == "generator.project_norm.running_mean" then
        return entry[2]:tolist()
      end
    end
  end
  local before = statistics()
  model:generate(z)
  equal(statistics(), before)
  local trained = neap.training(model.generate, model, z)
  equal(trained:shape(), { 16, 8, 8, 1 })
  equal(table.concat(statistics(), " ") == table.concat(before, " "), false)
  raises("gan: batch_norm: expected a batch of at least 2, got 1", function()
    neap.training(model.generate, model, neap.randn(1, 4))
  end)
  local after = statistics()
  model:generate(z)
  equal(statistics(), after)
  raises("training: expected a function, got nil", function() neap.training() end)
end)

test("a penalty on a gradient reaches the parameters", function()
  local w, x = leaf { 3 }, leaf { 2 }
  local slope = (w * x * x):sum():gradients({ x }, { create_graph = true })[1] -- 2 w x
  slope:square():sum():backward() -- 4 w^2 x^2
  close(w.grad, { 8 * 3 * 4 }, 1e-4)
end)

test("detach", function()
  local x = leaf { 2 }
  local y = x:detach()
  equal({ y.requires_grad, y:tolist() }, { false, { 2 } });
  (x * x:detach()):sum():backward()
  equal(x.grad, { 2 })
end)

test("no_grad: nothing is recorded within, results pass, and recording comes back", function()
  local x = leaf { 2 }
  equal(neap.no_grad(function(factor) return (x * factor).requires_grad, nil, factor end, 3), false)
  equal(table.pack(neap.no_grad(function(...) return nil, ... end, 1, nil)), { nil, 1, nil, n = 3 })
  equal((x * x).requires_grad, true)
  neap.no_grad(neap.no_grad, function() equal((x * x).requires_grad, false) end)
  raises("no_grad: expected a function, got number", function() neap.no_grad(1) end)
end)

test("no_grad: an error within passes, and recording comes back", function()
  local x = leaf { 2 }
  raises("reshape: expected a shape of 1 elements like [1], got [3]", function()
    neap.no_grad(function()
      local y = x:reshape(3)
      return y
    end)
  end)
  equal((x * x).requires_grad, true)
  local _, problem = pcall(neap.no_grad, error, { code = 7 })
  equal(problem, { code = 7 })
  equal((x * x).requires_grad, true)
end)

test("a leaf written in place after the forward pass", function()
  local x = leaf { 1, 2 }
  local y = (x * x):sum()
  x:assign(neap.ones(2))
  raises("backward: input 0 of 'mul' was written in place after the forward pass", function() y:backward() end)
end)

test("dump: the tape as text", function()
  local x, w = neap.ones(4, 3), leaf { 1, 2, 3 }
  local loss = (x * w):exp():mean()
  local kept = loss:square()
  equal(neap.autograd.dump(loss), table.concat({
    "tape of f32 []: 3 ops, 1 leaf",
    "#4 f32 [] = mean(#3 f32 [4, 3])",
    "#3 f32 [4, 3] saved = exp(#2 f32 [4, 3])",
    "#2 f32 [4, 3] = mul(constant f32 [4, 3] saved, leaf #1 f32 [3] saved)\n",
  }, "\n"))
  kept:backward()
  equal(neap.autograd.dump(kept):match "[^\n]*\n[^\n]*\n",
    "tape of f32 []: 4 ops, 1 leaf\n#5 = square(#4); released by a backward pass\n")
end)

test("dump: parameters of a model by name", function()
  local model = neap.architecture.mlp { hidden = 4, depth = 1 }
  local text = neap.autograd.dump(model(neap.randn(3, 1, 1, 2), neap.rand(3)):square():mean())
  for _, entry in ipairs(model:parameters()) do
    check.truth(text:find(("leaf '%s' f32"):format(entry[1]), 1, true), entry[1] .. " is not in\n" .. text)
  end
end)

test("dump: tensors without a tape", function()
  local message = "dump: expected a tensor made from one that requires a gradient, got one without a tape"
  raises(message, function() neap.autograd.dump(neap.ones(1)) end)
  raises(message, function() neap.autograd.dump(neap.no_grad(neap.exp, leaf { 1 })) end)
  raises("expected a tensor, got nil", function() neap.autograd.dump() end)
end)

-- f fails with a message that contains `part`.
local function fails(part, f, ...)
  local done, message = pcall(f, ...)
  check.truth(not done and tostring(message):find(part, 1, true), ("expected '%s' in: %s"):format(part, tostring(message)))
end

local function half(x)
  return (x * x:detach()):sum()
end

test("check: right gradients pass, and the report names the worst element", function()
  local x, w = neap.randn(2, 3), neap.randn(3)
  local before = x:tolist()
  local report = neap.autograd.check(function(a, b)
    equal({ a.dtype, b.dtype }, { "f64", "f64" })
    return (a * b):sigmoid():sum()
  end, { x, w }, { second = true })
  equal({ x.dtype, x.requires_grad, x:tolist() }, { "f32", false, before })
  check.truth(report.error < 1e-7 and #report.index == (report.input == 1 and 2 or 1), tostring(report))
  close(report.analytic, report.numeric, 1e-6)
  check.truth(tostring(report):find "^gradients agree; worst: input %d, index %[.-%]: expected .* relative error", "report")
  equal(neap.no_grad(neap.autograd.check, neap.sum, { x }).order, 1)
end)

test("check: wrong gradients are named", function()
  local x = neap.tensor { { 0, 0, 0 }, { 0, 5, 0 } }
  fails("autograd.check: wrong gradient: input 1, index [1, 1]: expected ", neap.autograd.check, half, { x })
  fails(" (central difference), got 5; relative error 0.5", neap.autograd.check, half, { x })
  fails("autograd.check: wrong gradient: input 3, index [0]: expected ", neap.autograd.check,
    function(a, i, b) return (a:gather(i, 0) + b:detach() + b * 0):sum() end,
    { neap.ones(3), neap.tensor({ 2 }, "i32"), neap.ones(1) })
  local function hidden(a) -- a^2 / 2, whose gradient the tape takes for a constant
    return (a * a:detach() - a:detach():square() * 0.5):sum()
  end
  neap.autograd.check(hidden, { x })
  fails("autograd.check: wrong second gradient: input 1", neap.autograd.check, hidden, { x }, { second = true })
  equal(neap.autograd.check(half, { x }, { tolerance = 0.6 }).analytic, 5)
end)

test("check: inputs", function()
  local x = neap.ones(2)
  raises("autograd.check: expected a function, got nil", function() neap.autograd.check(nil, { x }) end)
  raises("autograd.check: expected a table of tensors, got userdata", function() neap.autograd.check(neap.sum, x) end)
  raises("autograd.check: input 2: expected a tensor, got number", function() neap.autograd.check(neap.add, { x, 1 }) end)
  raises("gradient check: expected 1 to 16 inputs, got 0", function() neap.autograd.check(neap.sum, {}) end)
  raises("gradient check: expected 1 to 16 inputs, got 0", function()
    neap.autograd.check(neap.sum, { neap.tensor({ 1 }, "i32") })
  end)
  raises("autograd.check: expected at most 16 tensors in f32 or f64", function()
    local many = {}
    for i = 1, 17 do
      many[i] = x
    end
    neap.autograd.check(neap.sum, many)
  end)
  raises("gradient check: expected inputs with elements, got none", function()
    neap.autograd.check(neap.sum, { neap.ones(0) })
  end)
  raises("autograd.check: unknown key 'secnd'; did you mean 'second'?", function()
    neap.autograd.check(neap.sum, { x }, { secnd = true })
  end)
  for _, bad in ipairs { 0, -1, "1", 0 / 0, math.huge } do
    raises("autograd.check: tolerance: expected a number above 0, got " .. tostring(bad), function()
      neap.autograd.check(neap.sum, { x }, { tolerance = bad })
    end)
  end
end)

test("check: functions that cannot be checked", function()
  local x, calls = neap.ones(2), 0
  local function refused(message, f)
    fails(message, neap.autograd.check, f, { x })
  end
  refused("autograd.check: expected a tensor from the function, got number", function() return 1 end)
  refused("autograd.check: expected a tensor from the function, got nil", function() end)
  refused("gradient check: expected a scalar from the function, got f64 [2]", function(a) return a:exp() end)
  refused("gradient check: expected a result with a history", function(a) return a:sum():detach() end)
  refused("gradient check: expected f64 throughout, got f32 from 'cast'", function(a) return a:cast("f32"):sum():cast "f64" end)
  refused("mul: input 1: expected f64, got f32", function(a) return (a * neap.ones(2)):sum() end)
  refused("gradient check: expected the same value from each call", function(a)
    calls = calls + 1
    return (a * calls):sum()
  end)
  refused("tensor: closed already", function(a)
    local y = a:sum()
    a:close()
    return y
  end)
  local thrown = { code = 7 }
  local _, problem = pcall(neap.autograd.check, function() error(thrown) end, { x })
  check.truth(problem == thrown, "the error of the function is raised as it is")
  equal(neap.autograd.check(neap.sum, { x }).wrong, nil) -- no message is left from the failures
end)

test("check: a whole layer, and attention with lengths", function()
  local x, w, b = neap.randn(3, 4), neap.randn(2, 4), neap.randn(2)
  neap.autograd.check(function(...) return neap.linear_gelu(...):layer_norm(1e-3):square():mean() end, { x, w, b },
    { second = true })
  local q, k = neap.randn(2, 3, 1, 2), neap.randn(2, 4, 1, 2)
  neap.autograd.check(function(...) return neap.attention(...):square():sum() end,
    { q, k, neap.randn(2, 4, 1, 2), neap.tensor({ 3, 0 }, "i32") }, { second = true })
end)

check.finish()
