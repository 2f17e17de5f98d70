-- Data sets: what they tell, single examples, shuffled batches.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local test, equal, raises = check.test, check.equal, check.raises

local shapes = neap.dataset.shapes { size = 8, count = 50 }
local points = neap.dataset.toy2d { count = 20, labels = false }

test("spec, count, component", function()
  equal(shapes:spec(), { height = 8, width = 8, channels = 1, classes = 10 })
  equal(points:spec(), { height = 1, width = 1, channels = 2, classes = 0 })
  equal({ shapes:count(), points:count() }, { 50, 20 })
  equal({ shapes:component():kind(), shapes:component():name() }, { "dataset", "shapes" })
end)

test("names of labels, or none", function()
  equal(shapes:label_names(),
    { "disc", "ring", "square", "frame", "triangle", "plus", "cross", "diamond", "stripes", "half_moon" })
  equal({ shapes:label_name(0), shapes:label_name(9) }, { "disc", "half_moon" })
  equal(shapes:label_name(10), nil)
  equal(points:label_names(), nil)
end)

test("read: examples by index", function()
  local x, labels = shapes:read { 7, 0, 7 }
  equal({ x:shape(), labels:shape(), x.dtype, labels.dtype }, { { 3, 8, 8, 1 }, { 3 }, "f32", "i32" })
  equal(x:slice(0, 0, 1), x:slice(0, 2, 3):tolist())
  equal(x:slice(0, 1, 2), shapes:read({ 0 }):tolist())
  equal(select(2, points:read { 0 }), nil)
  raises("shapes: index: expected 0 to 49, got 50", function() shapes:read { 0, 50 } end)
  raises("shapes: expected at least one index", function() shapes:read {} end)
  raises("read: expected whole numbers, got a", function() shapes:read { "a" } end)
  raises("read: expected a table of indices, got number", function() shapes:read(3) end)
end)

-- The indices of the examples in a batch.
local function indices_in(x)
  local all, found = {}, {}
  for i = 0, shapes:count() - 1 do
    all[i] = tostring(shapes:read({ i }):reshape(8, 8):sum(0)) .. tostring(shapes:read({ i }):reshape(8, 8):sum(1))
  end
  for row in x:each() do
    local text = tostring(row:reshape(8, 8):sum(0)) .. tostring(row:reshape(8, 8):sum(1))
    for i = 0, #all do
      if all[i] == text then
        found[#found + 1] = i
      end
    end
  end
  return found
end

test("batches of one pass hold every example once", function()
  local seen = {}
  for x, labels in shapes:batches(10, 5) do
    equal({ x:shape(), labels:shape() }, { { 10, 8, 8, 1 }, { 10 } })
    table.move(indices_in(x), 1, 10, #seen + 1, seen)
  end
  equal(#seen, 50)
  local shuffled = table.concat(seen, " ")
  table.sort(seen)
  for i = 1, 50 do
    equal(seen[i], i - 1)
  end
  check.truth(shuffled ~= table.concat(seen, " "), "the order is that of the data set")
end)

test("batches follow the seed", function()
  local function first(seed)
    neap.seed(seed)
    return shapes:batches(4)():tolist()
  end
  equal(first(1), first(1))
  check.truth(not pcall(equal, first(1), first(2)), "two seeds give the same order")
  equal(shapes:batch(1, 4, 1), first(1))
end)

test("a batch is x, its labels, and its condition by kind", function()
  local function check_batch(x, labels, condition)
    equal({ x:shape(), labels:shape(), labels.dtype }, { { 4, 8, 8, 1 }, { 4 }, "i32" })
    local kinds = {}
    for kind in pairs(condition) do
      kinds[#kinds + 1] = kind
    end
    equal(kinds, { "labels" })
    equal(condition.labels, labels:tolist())
  end
  check_batch(shapes:read { 0, 1, 2, 3 })
  check_batch(shapes:batch(1, 4))
  check_batch(shapes:batches(4)())
  for _, untold in ipairs { table.pack(points:read { 0 }), table.pack(points:batch(1, 4)), table.pack(points:batches(4)()) } do
    equal({ untold.n, untold[2], untold[3] }, { 3, nil, {} })
  end
  local model = neap.architecture.mlp { classes = 2 } -- a condition goes to the network as it comes
  local x, labels, condition = neap.dataset.toy2d({ shape = "moons" }):batch(1, 4)
  for _, entry in ipairs(model:parameters()) do
    entry[2]:assign(neap.randn_like(entry[2]) * 0.3) -- a fresh MLP's velocity is 0
  end
  equal(model(x, 0.5, condition), model(x, 0.5, labels):tolist())
  check.truth((model(x, 0.5, condition) - model(x, 0.5)):abs():max():item() > 0, "the condition changes nothing")
end)

test("batches: as many as asked for, or without end", function()
  local count = 0
  for _ in points:batches(3, 4) do
    count = count + 1
  end
  equal(count, 4)
  for _ in points:batches(15) do
    count = count + 1
    if count == 50 then
      break
    end
  end
  equal(count, 50)
end)

test("batches that are refused", function()
  raises("batch: expected a step and a count from 1, got 0 and 3", function() shapes:batch(0, 3) end)
  raises("batch: expected a step and a count from 1, got 1 and 0", function() shapes:batch(1, 0) end)
  raises("expected a number, got text '3'", function() shapes:batch(1, "3") end)
  raises("read: expected whole numbers, got 3", function() shapes:read { "3" } end)
  raises("batches: size: expected a whole number from 1, got 0", function() shapes:batches(0) end)
  raises("batches: size: expected a whole number from 1, got nil", function() shapes:batches() end)
  raises("batches: size: expected a whole number from 1, got text '8'", function() shapes:batches "8" end)
  raises("batches: count: expected a whole number from 0, got 2.5", function() shapes:batches(8, 2.5) end)
  raises("batches: done: expected a whole number from 0, got -1", function() shapes:batches(8, 2, -1) end)
  raises("batches: size: expected at most 6, the examples of the data set, got 7", function()
    neap.dataset.shapes({ size = 8, count = 6 }):batches(7)
  end)
end)

test("batches go on after those that are done", function()
  local seen = {}
  for x in shapes:batches(4, 5, 3) do
    seen[#seen + 1] = x:tolist()
  end
  equal(seen, { shapes:batch(4, 4, neap.seed()):tolist(), shapes:batch(5, 4, neap.seed()):tolist() })
  raises("bad argument #2 to 'batch' (number expected, got no value)", function() shapes:batch(1) end)
end)

test("stacked: three pictures of another set as channels, and their labels as one", function()
  local inner = neap.dataset.shapes { size = 8, count = 20 }
  local stacked = neap.dataset.stacked { of = inner:component(), count = 30 }
  equal(stacked:spec(), { height = 8, width = 8, channels = 3, classes = 1000 })
  local known, all = {}, {}
  for i = 0, 19 do
    all[i + 1] = i
  end
  local pictures, labels = inner:read(all)
  for i, label in ipairs(labels:tolist()) do
    known[table.concat(pictures:slice(0, i - 1, i):reshape(64):tolist(), " ")] = label
  end
  local x, y = stacked:read { 0, 29 }
  for i, label in ipairs(y:tolist()) do
    local own = 0
    for k = 0, 2 do
      local layer = x:slice(0, i - 1, i):slice(3, k, k + 1):reshape(64):tolist()
      local label_of_layer = known[table.concat(layer, " ")]
      check.truth(label_of_layer, "a layer is no picture of the set")
      own = 10 * own + label_of_layer
    end
    equal(label, own)
  end
  equal((stacked:read { 7 }), (stacked:read { 7 }):tolist())
  raises("stacked: of: expected a data set", function() neap.dataset.stacked {} end)
  raises("stacked: of: expected pictures of one channel and at most 65536 pixels and 1000 classes, got [1, 1, 2] and 0",
    function() neap.dataset.stacked { of = points:component() } end)
end)

check.finish()
