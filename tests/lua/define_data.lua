-- Data sets from tensors, and data sets that are written in Lua.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal, fails = check.test, check.equal, check.fails

local define = neap.define

local own = debug.getinfo(1, "S").source:sub(2)

test("a data set from tensors", function()
  local set = neap.dataset.tensors { x = neap.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } }, labels = { 0, 1, -1 },
    names = { "a", "b" } }
  equal({ set:count(), set:spec().channels, set:spec().classes, set:label_name(1) }, { 3, 2, 2, "b" })
  local x, labels = set:read { 2, 0 }
  equal(x, { { { { 5, 6 } } }, { { { 1, 2 } } } })
  equal(labels, { -1, 0 })
  local again = core.source(core.component_from_json("dataset", "tensors", set:component():json()))
  equal(again:read { 1 }, { { { { 3, 4 } } } })
  local bytes = neap.dataset.tensors { x = neap.tensor({ { { { 0 }, { 255 } } } }, "u8"), texts = { "red hérisson" } }
  check.close(bytes:read { 0 }, { { { { -1 }, { 1 } } } })
  local _, _, condition = bytes:read { 0 }
  equal(condition.lengths, { 13 })
  equal(bytes:spec().text, 13)
end)

test("the examples are a copy, and the same ones have the same config", function()
  local x = neap.ones(2, 2)
  local set = neap.dataset.tensors { x = x }
  x:assign(neap.zeros(2, 2))
  equal(set:read { 0 }, { { { { 1, 1 } } } })
  equal(neap.dataset.tensors { x = neap.ones(2, 2) }:component():json(), set:component():json())
  check.truth(neap.dataset.tensors { x = x }:component():json() ~= set:component():json(), "other examples, another hash")
end)

test("its test part, and reading on all threads", function()
  local x = neap.randn(64, 8, 8, 1)
  local set = neap.dataset.tensors { x = x, test = { x = neap.zeros(2, 8, 8, 1) } }
  equal(core.source((core.dataset_part(set:component(), "test", 1, 10))):count(), 2)
  equal(core.source((core.dataset_part(set:component(), "train", 1, 10))):count(), 64)
  local order = {}
  for i = 1, 64 do
    order[i] = i - 1
  end
  equal(set:read(order), x)
  fails(function() core.dataset_part(neap.dataset.tensors { x = x }:component(), "test", 1, 10) end,
    "tensors: the data set has no part for testing; give one as test = { x = .. }")
end)

test("tensors that are refused", function()
  local function refused(text, given)
    fails(function() neap.dataset.tensors(given):read { 0 } end, text)
  end
  local x = neap.zeros(2, 2)
  refused("tensors: x: expected [N, H, W, C] or [N, D], got 3 axes", { x = neap.zeros(2, 2, 2) })
  refused("tensors: x: expected a tensor, got table", { x = { 1 } })
  refused("tensors: unknown key 'label'; did you mean 'labels'?", { x = x, label = { 1 } })
  refused("labels: expected a row for each of 2 examples, got 1", { x = x, labels = { 1 } })
  refused("labels: expected i32 with 1 axes, got f32 [2]", { x = x, labels = neap.zeros(2) })
  refused("labels: example 1: expected a label of 0 to 1, or -1 for none, got 2",
    { x = x, labels = { 0, 2 }, names = { "a", "b" } })
  refused("names: expected 0, one for each class, got 1", { x = x, names = { "a" } })
  refused("tensors: texts 1: expected UTF-8", { x = x, texts = { "\xff", "" } })
  refused("text: expected a row for each of 2 examples, got 1", { x = x, texts = { "a" } })
  refused("tensors: noise: expected none", { x = x, noise = x })
  refused("tensors: expected at least one example", { x = neap.zeros(0, 2) })
  refused("tensors: example 0: expected finite values, got nan at 0", { x = x / 0 })
  refused("tensors: examples is required", {})
  refused("the examples 0123 are only in the memory of the recipe", { examples = "0123" })
end)

test("a data set in Lua", function()
  define.dataset {
    name = "lua_points", help = "Points.",
    params = { { "count", "int", default = 4, low = 1, high = 100, help = "Count." },
      { "split", "choice", choices = { "train", "test" }, help = "Part." } },
    open = function(config)
      local x = neap.arange(config.count):reshape { -1, 1 }
      return { x = config.split == "test" and -x - 1 or x, labels = neap.zeros(config.count):cast "i32", names = { "all" } }
    end,
    part = function(_, part) return { split = part } end,
  }
  local set = neap.dataset.lua_points { count = 3 }
  equal({ set:count(), set:label_name(0) }, { 3, "all" })
  equal(set:read { 2 }, { { { { 2 } } } })
  local part, drawn = core.dataset_part(set:component(), "test", 1, 5)
  equal(core.source(part):read { 2 }, { { { { -3 } } } })
  equal(drawn, false)
  define.dataset { name = "lua_pairs", help = "Pairs.", noise = true,
    open = function() return { x = neap.zeros(2, 1), noise = neap.ones(2, 1) } end }
  equal(neap.dataset.lua_pairs {}:count(), 2)
  local function opened(open)
    define.dataset { name = "faulty", help = "Wrong.", open = open }
    return function() neap.dataset.faulty {}:read { 0 } end
  end
  fails(opened(function() end), "faulty: ", "open: expected one table of settings, got nil")
  fails(opened(function() return { x = neap.zeros(2, 1) / 0 } end), "faulty: ", "expected finite values")
  fails(opened(function() return { x = neap.zeros(2, 1), noise = neap.zeros(2, 1) } end), "faulty: ", "noise = true")
  fails(opened(function() error "no file" end), "faulty: ", own, "no file")
end)

check.finish()
