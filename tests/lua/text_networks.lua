-- Networks under a text: saved and loaded, trained, and sampled, where a sample does not depend on the texts beside its own.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local core = require "neap.core"
local neap = require "neap"
local test, equal = check.test, check.equal

neap.seed(5)
core.bench_data()
local folder = os.tmpname()
os.remove(folder)
core.folder_make(folder)

local TEXT = 12

local function network(conditioning)
  return neap.architecture.dit {
    size = 8, channels = 1, patch = 4, width = 16, depth = 1, heads = 2, conditioning = conditioning,
    text = TEXT, text_width = 8, text_depth = 1, text_heads = 2, text_words = 11,
  }
end

local function random_network(conditioning)
  local model = network(conditioning)
  for _, entry in ipairs(model:parameters()) do
    entry[2]:assign(neap.randn_like(entry[2]) * 0.3)
  end
  return model
end

-- { text, lengths } of strings, in as many bytes as the longest has.
local function condition_of(texts)
  local bytes, lengths, most = {}, {}, 1
  for _, text in ipairs(texts) do
    most = math.max(most, #text)
  end
  for i, text in ipairs(texts) do
    bytes[i], lengths[i] = { (text .. ("\0"):rep(most - #text)):byte(1, -1) }, #text
  end
  return { text = neap.tensor(bytes, "u8"), lengths = neap.tensor(lengths, "i32") }
end

for _, conditioning in ipairs { "adaln", "in_context", "cross" } do
  test(conditioning .. ": saved and loaded", function()
    local model, path = random_network(conditioning), folder .. "/" .. conditioning .. ".safetensors"
    neap.checkpoint.save_network(path, model, neap.objective.flow_matching {}, {})
    local loaded = neap.checkpoint.load(path).model
    local x, texts = neap.randn(3, 8, 8, 1), condition_of { "red heart", "", "blue" }
    equal(loaded:spec().text, TEXT)
    equal(loaded(x, 0.5, texts), model(x, 0.5, texts):tolist())
    check.truth((model(x, 0.5, texts) - model(x, 0.5)):abs():max():item() > 1e-3, "the text changes nothing")
    local file <close> = core.safetensors_open(path)
    check.truth(core.json_decode(file:metadata()["neap.conventions"]).text:find "masked", "the file says nothing of padding")
  end)

  test(conditioning .. ": a sample does not depend on the texts beside its own", function()
    local model = random_network(conditioning)
    local sampler = neap.sampler.heun { steps = 2, guidance = neap.guidance.cfg { w = 1.5 } }
    local function draw(texts)
      return sampler:sample(model, { n = #texts, seed = 3, condition = condition_of(texts) })
    end
    local few, many = draw { "red", "star" }, draw { "red", "star", "a long text" }
    equal(few, many:slice(0, 0, 2):tolist())
    check.truth((few - draw { "red", "" }):abs():max():item() > 1e-3, "the text changes nothing")
  end)

  test(conditioning .. ": training moves all parameters", function()
    local data = core.source(core.component("dataset", "random", { size = 8, channels = 1, classes = 0, text = TEXT, count = 6 }))
    local model, before = network(conditioning), {}
    local settings = { batch = 4, seed = 0, lr = 1e-2 }
    local trainer = core.trainer(model, data, core.component("objective", "flow_matching", { label_dropout = 0.5 }), settings)
    for i, entry in ipairs(model:parameters()) do
      before[i] = entry[2]:tolist()
    end
    for number = 1, 4 do -- layers that begin at zero keep gradients from those before them
      trainer:step(number, 1)
    end
    for i, entry in ipairs(model:parameters()) do
      check.truth(not pcall(equal, entry[2], before[i]), entry[1] .. " has not moved")
    end
  end)
end

os.execute("rm -r '" .. folder .. "'")
check.finish()
