-- Values as the prompt prints them; which lines are whole; what completion finds; what the history file holds.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local complete = require "neap.repl.complete"
local evaluate = require "neap.repl.evaluate"
local show = require "neap.repl.show"

local test, equal, truth = check.test, check.equal, check.truth

test("plain values", function()
  equal(show.text(nil), "nil")
  equal(show.text(1.5), "1.5")
  equal(show.text "a\nb", "a\nb")
  equal(show.text(print), "function")
  truth(show.text(function() end):find "^function, line %d+ of .*repl_values.lua$")
end)

test("tables: entries in order, texts quoted, names that need no quotes", function()
  equal(show.text {}, "{}")
  equal(show.text { 3, "b", x = 1, a = { true }, ["end of"] = 2 }, '{ 3, "b", a = { true }, ["end of"] = 2, x = 1 }')
  equal(show.text { "tab\t", 'q"\\' }, '{ "tab\\9", "q\\"\\\\" }')
  equal(show.text { [2.5] = 1, [true] = 2 }, "{ [true] = 2, [2.5] = 1 }")
end)

test("tables: limits of depth and length, and cycles", function()
  equal(show.text { { { { 1 } } } }, "{ { { { .. } } } }")
  local list = {}
  for i = 1, 30 do
    list[i] = 1
  end
  equal(show.text(list), "{ " .. ("1, "):rep(20) .. ".. 10 more }")
  local cycle = {}
  cycle.own = cycle
  equal(show.text(cycle), "{ own = { itself } }")
  equal(show.text { ("x"):rep(300) }, ('{\n  "%s" .. 300 bytes,\n}'):format(("x"):rep(200)))
end)

test("tables: several lines where one would be too long", function()
  local word = ("w"):rep(50)
  equal(show.text { word, { word } }, ('{\n  "%s",\n  { "%s" },\n}'):format(word, word))
end)

test("tables: metamethods that fail are not called", function()
  local hostile = setmetatable({ 1 }, { __index = error, __pairs = error, __len = error })
  equal(show.text(hostile), "{ 1 }")
  equal(show.text(setmetatable({}, { __tostring = function() error("no text", 0) end })), "table: no text")
end)

test("things of neap", function()
  equal(show.text(neap.guidance.cfg { w = 1 }), 'guidance cfg {"w":1.0}')
  equal(show.text(neap.sampler.euler { steps = 3, guidance = neap.guidance.cfg { w = 1 } }),
    'sampler euler {"steps":3,"shift":1.0,"times":""}, guidance cfg {"w":1.0}')
  local model = neap.architecture.mlp { hidden = 8, classes = 3 }
  truth(show.text(model):find "^model mlp {.*}: [%d.]+ k parameters, %[1, 1, 2%], 3 classes$")
  truth(show.text(neap.dataset.toy2d { shape = "moons" }):find "^data set toy2d {.*}: %d+ examples %[1, 1, 2%]")
  equal(show.text { x = neap.ones(2) }, "{ x = tensor f32 [2] from 1 to 1 }")
end)

test("tensors: NaN and infinity are counted", function()
  equal(show.text(neap.tensor { 0 / 0, 1, 2 }), "tensor f32 [3] from 1 to 2, 1 NaN\n         nan          1          2")
  equal(show.text(neap.tensor { 0 / 0, -1 / 0, 1 }),
    "tensor f32 [3] from -inf to 1, 1 NaN, 1 infinite\n         nan       -inf          1")
end)

test("lines that are not finished", function()
  for _, text in ipairs { "f(", "function f()", "x = {", "for i = 1, 2 do", "1 +", "[[a", "if x then", "x =" } do
    truth(evaluate.unfinished(text), text)
  end
  for _, text in ipairs { "f()", "1", "x = 1", "1 +* 2", "'a", ")", "" } do
    truth(not evaluate.unfinished(text), text)
  end
end)

test("control characters", function()
  equal(evaluate.stray "x = 1\n\ty = 2", nil)
  equal(evaluate.stray "\27Lua", "column 1 is the control character 0x1b; the line was not run")
  equal(evaluate.stray "x\0y", "column 2 is the control character 0x00; the line was not run")
  equal(evaluate.stray "h\xc3\xa9", nil)
end)

local env = setmetatable({ thing = { alpha = 1, alpine = print, beta = { 1 } }, word = "text" }, { __index = _G })
local completer = complete.completer(env)

test("completion: names, keys and methods", function()
  equal(completer "thi", "ng")
  equal(completer "thing.b", "eta")
  equal(completer "thing.al", "p")
  equal(completer "x = thing:al", "pine")
  equal({ completer "thing.alp" }, { nil, "\nalpha   alpine\n" })
  equal(completer "nothing.at.al", nil)
  equal(completer "word:upp", "er")
  equal(completer "whi", "le")
end)

test("completion: parameters and files", function()
  env.neap = neap
  equal(completer "neap.samp", "ler")
  equal(completer "neap.sampler.dop", "ri5")
  equal(completer "neap.sampler.euler { shi", "ft")
  equal(completer "neap.sampler.euler { steps = 3, gui", "dance")
  equal(completer "neap.train { score_ev", "ery")
  local source = os.getenv "NEAP_SOURCE"
  equal(completer(("x = '%s/recipes/quick"):format(source)), "start.lua")
  equal(completer(('x = "%s/reci'):format(source)), "pes/")
end)

test("completion: names that have help", function()
  equal(completer "?dopr", "i5")
  equal(completer "? softm", "ax")
end)

test("completion calls nothing", function()
  env.hostile = setmetatable({}, { __index = error, __call = error })
  equal(completer "hostile.x.y", nil)
  equal(completer "hostile().", nil)
end)
check.finish()
