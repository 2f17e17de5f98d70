-- Help: every public name, setting and option has one; names are found as users write them; lines fit 80 columns.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local entries = require "neap.help.entries"
local help = require "neap.help"
local neap = require "neap"
local verbs = require "neap.cli.verbs"
local test, equal, truth, raises = check.test, check.equal, check.truth, check.raises

-- Functions that files of the library share; recipes have no use for them.
local INTERNAL = {}
for name in ([[
  neap.checkpoint.dataset neap.checkpoint.find neap.checkpoint.prepare neap.checkpoint.rule
  neap.checkpoint.save_run neap.checkpoint.restore_run neap.checkpoint.start neap.define.kinds
  neap.define.run neap.optimizer.describe neap.optimizer.is_live neap.optimizer.restore neap.optimizer.settings
  neap.optimizer.state sampler:guides neap.image.delays neap.image.grid_size neap.optimizer.read
  neap.reconstruction.explain film:new series:new sampler:new sampler:of sampler:default sampler:labels sampler:check_labels
]]):gmatch "%S+" do
  INTERNAL[name] = true
end

local by_name = {}
for _, entry in ipairs(entries()) do
  by_name[entry.name] = entry
end

local function documented(name)
  truth(by_name[name] or INTERNAL[name], "there is no help of " .. name)
end

-- --- Every name has help --------------------------------------------------------------------------------------------------

test("each name of the library has help", function()
  local count = 0
  for name, value in pairs(neap) do
    documented("neap." .. name)
    local kinds = { architecture = 1, objective = 1, sampler = 1, guidance = 1, dataset = 1, metric = 1 }
    for inner in pairs(type(value) == "table" and not kinds[name] and value or {}) do
      documented(("neap.%s.%s"):format(name, inner))
      count = count + 1
    end
  end
  truth(count > 30)
end)

test("each component has help, and each of its parameters", function()
  for _, kind in ipairs(core.kinds()) do
    documented("neap." .. kind)
    for _, component in ipairs(core.components(kind)) do
      documented(("neap.%s.%s"):format(kind, component.name))
    end
  end
end)

-- The methods of an object: the keys of its metatable's table, and of that of tensors, which is core.methods.
local function check_methods(class, methods)
  for name in pairs(methods) do
    documented(core.ops[name] and "neap." .. name or class .. ":" .. name)
  end
end

test("each method has help", function()
  check_methods("tensor", core.methods)
  check_methods("dataset", core.source_methods)
  local objects = {
    model = neap.architecture.mlp { hidden = 8, depth = 1, time_features = 2 }, component = neap.guidance.cfg {},
  }
  for class, object in pairs(objects) do
    check_methods(class, getmetatable(object).__index)
  end
  for class, object in pairs {
    sampler = neap.sampler.euler {}, film = neap.film {}, figure = neap.plot {}, series = neap.plot.series(2),
    optimizer = neap.optimizer.sgd {},
  } do
    for name in pairs(getmetatable(object)) do
      if not name:find "^__" then
        documented(class .. ":" .. name)
      end
    end
  end
end)

test("no entry is without help, and none has help of something that is not there", function()
  for name, entry in pairs(by_name) do
    truth((entry.help or "") ~= "", "no help of " .. name)
    local path = name:match "^neap%.(.+)$"
    if path and (entry.kind == "function" or entry.kind == "value") then
      local value = neap
      for word in path:gmatch "[^.]+" do
        value = rawget(value, word)
      end
      truth(value ~= nil, name .. " is not there")
    elseif entry.kind == "method" then
      local class, method = name:match "^(%w+):(.+)$"
      truth(class ~= "tensor" or core.methods[method], name .. " is not there")
    end
  end
end)

test("keys of imports are those of the formats", function()
  local known, used = {}, {}
  for _, row in ipairs(verbs.keys(verbs.find "import")) do
    known[row[1]] = true
  end
  for _, file in ipairs { "dit", "mmdit", "kl", "tiny" } do
    for _, format in ipairs(require("neap.foreign." .. file)) do
      for key in pairs(format.keys) do
        used[key] = true
      end
    end
  end
  equal(known, used)
end)

test("what optimizers expect is what help says", function()
  local setting, count = require "neap.setting", 0
  for _, kind in ipairs { "adamw", "sgd" } do
    for _, row in ipairs(setting.of("neap.optimizer." .. kind)) do
      if row[2]:find "^a number" then
        local message = ("%s: %s: expected %s, got -1"):format(kind, row[1], row[2])
        raises(message, function() neap.optimizer[kind] { [row[1]] = -1 } end)
        neap.optimizer[kind] { [row[1]] = row.default }
        count = count + 1
      end
    end
  end
  equal(count, 12)
end)

-- --- Finding --------------------------------------------------------------------------------------------------------------

-- The first line of the help of a name.
local function head(name)
  return (help.of(name) or ""):match "^[^\n]*"
end

test("names are found as users write them", function()
  local heads = {
    ["train"] = "neap.train { key = value, .. } -> run", ["neap.train"] = "neap.train { key = value, .. } -> run",
    ["train.minutes"] = "neap.train { minutes = .. }: a number above 0; default: no limit",
    ["minutes"] = "neap.train { minutes = .. }: a number above 0; default: no limit",
    ["adamw"] = "neap.optimizer.adamw { key = value, .. } -> optimizer",
    ["image.save"] = "neap.image.save(path, picture [, text])", ["backward"] = "tensor:backward([seed] [, flags])",
    ["x:backward"] = "tensor:backward([seed] [, flags])", ["loss:backward"] = "tensor:backward([seed] [, flags])",
    ["randn"] = "neap.randn(size, ...) -> tensor",
    ["sampler.euler"] = "sampler euler: Explicit Euler steps along the velocity field.",
    ["x:matmul"] = "op matmul: Matrix product of the last two axes; leading axes broadcast.",
    ["euler.steps"] = "neap.sampler.euler { steps = .. }: int from 1 to 100000; default 50",
    ["sample"] = "  neap sample RUN [OPTION ...] [key=value ...]",
    ["sample --text"] = "neap sample --text TEXT", ["--prompts"] = "neap sample --prompts FILE",
    ["neap.randn(3)"] = "neap.randn(size, ...) -> tensor", ["x:backward()"] = "tensor:backward([seed] [, flags])",
    ["NEAP_CPU"] = "NEAP_CPU", ["grad"] = "tensor.grad",
  }
  for name, line in pairs(heads) do
    equal(head(name), line)
  end
  equal(help.of "xyzzy", nil)
end)

test("values have the help of their function, component or class", function()
  equal(help.of(neap.train), help.of "train")
  equal(help.of(neap.image), help.of "image")
  equal(help.of(neap.matmul), help.of "matmul")
  equal(help.of(core.methods.item), help.of "item")
  equal(help.of(neap.randn(2)):match "^%w+\n", "tensor\n")
  equal(help.of(neap.guidance.cfg {}), help.of "guidance.cfg")
  equal(help.of(neap.optimizer.sgd {}):match "^%w+\n", "optimizer\n")
  equal(help.of(neap.architecture.mlp { hidden = 8, depth = 1, time_features = 2 }):match "^%w+\n", "model\n")
  equal(help.of(3), nil)
  raises("help: there is no help of a number value", function() help.show(3) end)
  raises("help: nothing is named 'trian'; did you mean 'train'?", function() help.show "trian" end)
end)

test("a default is shown, also an empty one", function()
  truth(help.of "train.batch":find("a whole number from 1; default 64", 1, true))
  truth(help.of "stages":find("text; default ''", 1, true))
  truth(help.of "matmul":find("transpose_b    flag; default false.", 1, true))
end)

test("each name has help, in lines of 80 columns", function()
  local names = help.names()
  truth(#names > 500)
  for _, name in ipairs(names) do
    for line in help.of(name):gmatch "[^\n]+" do
      truth(utf8.len(line) <= 80 or line:find "/", ("help of %s: %s"):format(name, line))
    end
  end
  for line in verbs.usage_of_all():gmatch "[^\n]+" do
    truth(#line <= 80, line)
  end
end)

check.finish()
