-- neap.options: a recipe's keys with their defaults, over which the command line goes.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local options = require "neap.options"
local test, equal, raises = check.test, check.equal, check.raises

-- As the command line hands them over: give { "key=text" }.
local function give(...)
  local list = {}
  for i, word in ipairs { ... } do
    list[i] = { word:match "^(.-)=(.*)$" }
  end
  options.give(list)
end

test("defaults stand where nothing is given", function()
  give()
  local defaults = { width = 3, rate = 0.5, name = "a", deep = false, group = { depth = 2, on = true } }
  equal(neap.options(defaults), defaults)
  equal(neap.options {}, {})
end)

test("what is given takes the type of its default", function()
  give("width=4", "rate=2", "name=7", "deep=yes", "group.depth=8", "group.on=false", "group.inner.x=1e-3")
  local o = neap.options {
    width = 3, rate = 0.5, name = "a", deep = false, group = { depth = 2, on = true, inner = { x = 1.5 }, y = "kept" },
  }
  equal(o, {
    width = 4, rate = 2, name = "7", deep = true, group = { depth = 8, on = false, inner = { x = 1e-3 }, y = "kept" },
  })
  equal(math.type(o.width), "integer")
end)

test("a number takes any number, however its default is written", function()
  give("w=1.5", "lr=2", "n=1e3")
  local o = neap.options { w = 1, lr = 0.5, n = 10 }
  equal(o, { w = 1.5, lr = 2, n = 1000 })
  equal({ math.type(o.w), math.type(o.n) }, { "float", "integer" })
end)

test("whole numbers alone", function()
  give("n=3", "first=0", "group.k=4")
  local o = neap.options { n = neap.whole(8), first = neap.whole(5, 0), group = { k = neap.whole(1) }, kept = neap.whole(7) }
  equal(o, { n = 3, first = 0, group = { k = 4 }, kept = 7 })
  local function refused(word, message)
    give(word)
    raises(message, function() neap.options { n = neap.whole(8), first = neap.whole(5, 0) } end)
  end
  refused("n=2.5", "n: expected a whole number from 1, got '2.5'")
  refused("n=0", "n: expected a whole number from 1, got '0'")
  refused("first=-1", "first: expected a whole number from 0, got '-1'")
  raises("whole: expected a whole number from 1, got '1.5'", function() neap.whole(1.5) end)
end)

test("flags in every form", function()
  local forms = { ["true"] = true, yes = true, ["1"] = true, ["false"] = false, no = false, ["0"] = false }
  for text, value in pairs(forms) do
    give("deep=" .. text)
    equal(neap.options { deep = not value }, { deep = value })
  end
end)

test("keys of training keep their own rules", function()
  give "steps=20"
  equal(neap.options { steps = 5, batch = 8, out = "x" }, { steps = 20, batch = 8, out = "x" })
  give "steps=0"
  raises("steps: expected a whole number from 1, got '0'", function() neap.options { steps = 5 } end)
  give()
  raises("batch: expected a whole number from 1, got '1.5'", function() neap.options { batch = 1.5 } end)
end)

test("values of another type", function()
  local function refused(word, message)
    give(word)
    raises(message, function()
      neap.options { width = 3, rate = 0.5, name = "a", deep = false, group = { depth = 2 } }
    end)
  end
  refused("width=wide", "width: expected a number, got 'wide'")
  for _, text in ipairs { "nan", "inf", "-inf", "1e999", "" } do
    refused("width=" .. text, ("width: expected a number, got '%s'"):format(text))
    refused("rate=" .. text, ("rate: expected a number, got '%s'"):format(text))
  end
  refused("rate=fast", "rate: expected a number, got 'fast'")
  refused("name=", "name: expected text, got ''")
  refused("deep=maybe", "deep: expected true or false, got 'maybe'")
  refused("group.depth=x", "group.depth: expected a number, got 'x'")
end)

test("keys that nobody declares", function()
  local function refused(word, message)
    give(word)
    raises(message, function() neap.options { width = 3, group = { depth = 2 } } end)
  end
  refused("widht=3", "unknown key 'widht'; did you mean 'width'?")
  refused("group.dept=3", "unknown key 'group.dept'; did you mean 'group.depth'?")
  refused("step=3", "unknown key 'step'; did you mean 'steps'?")
  local all = "; expected one of batch, checkpoint_every, extend, group.depth, minutes, out, precision, resume, sample_every, "
    .. "score_every, seed, steps, threads, width"
  refused("wavelength=3", "unknown key 'wavelength'" .. all)
  refused("group=3", "unknown key 'group'" .. all)
  refused("batch_size=3", "unknown key 'batch_size'; did you mean 'batch'?")
end)

test("what a recipe declares, it hands to training itself", function()
  give("out=elsewhere", "steps=20")
  equal(neap.options { out = "here" }, { out = "elsewhere" })
  equal(options.training_value("out", "elsewhere/first"), "elsewhere/first")
  equal(options.training_value("steps", 5), 20)
  raises("out: expected text, got ''", function() options.training_value("out", "") end)
  give "out=elsewhere"
  equal(options.training_value("out", "here"), "elsewhere")
end)

give()
check.finish()
