-- What calls and samplings are told besides x and t: labels, a table of tensors by kind, and what is neither.
package.path = os.getenv "NEAP_SOURCE" .. "/tests/lua/?.lua;" .. package.path
local check = require "check"
local neap = require "neap"
local test, equal, close, raises = check.test, check.equal, check.close, check.raises

neap.seed(3)
local CLASSES = 3
local model = neap.architecture.mlp { classes = CLASSES, hidden = 8, depth = 1, time_features = 4, interval = true }
for _, entry in ipairs(model:parameters()) do
  entry[2]:assign(neap.randn_like(entry[2]) * 0.3) -- a fresh MLP's velocity is 0
end
local plain = neap.architecture.mlp { hidden = 8, depth = 1, time_features = 4 }
local x = neap.randn(2, 1, 1, 2)
local labels = neap.tensor({ 0, 2 }, "i32")
local weights = neap.tensor { { 1, 0, 0, 0 }, { 0, 0, 1, 0 } }
local null = neap.full({ 2 }, CLASSES, "i32")

-- Two results that differ.
local function differ(a, b)
  check.truth((a - b):abs():max():item() > 1e-3, "the condition changes nothing")
end

test("labels as a tensor, in a table, or as weights", function()
  local told = model(x, 0.5, labels)
  differ(told, model(x, 0.5))
  equal(model(x, 0.5, { labels = labels }), told:tolist())
  close(model(x, 0.5, weights), told:tolist())
  close(model(x, 0.5, { labels = weights }), told:tolist())
  equal(model:average(x, 0.75, 0.25, { labels = labels }), model:average(x, 0.75, 0.25, labels):tolist())
  differ(model:average(x, 0.75, 0.25, labels), model:average(x, 0.75, 0.25))
end)

test("nothing, an empty table, labels of -1 and the null class are one", function()
  local untold = model(x, 0.5, null):tolist()
  for _, condition in ipairs { {}, { labels = neap.full({ 2 }, -1, "i32") }, neap.full({ 2 }, -1, "i32") } do
    equal(model(x, 0.5, condition), untold)
  end
  equal(model(x, 0.5), untold)
end)

test("a generator and its discriminator", function()
  local gan = neap.architecture.gan { style = "mlp", rows = 8, columns = 8, classes = CLASSES, width = 8, latent = 4 }
  local z = neap.randn(2, 4)
  local picture = gan:generate(z, labels)
  equal(gan:generate(z, { labels = labels }), picture:tolist())
  differ(picture, gan:generate(z, neap.tensor({ 1, 1 }, "i32")))
  equal(gan:discriminate(picture, { labels = labels }), gan:discriminate(picture, labels):tolist())
  raises("generate: condition: expected labels or a table of tensors, got number", function() gan:generate(z, 3) end)
  raises("discriminate: condition: expected labels or a table of tensors, got string", function()
    gan:discriminate(picture, "3")
  end)
end)

test("a call leaves alone what its network does not take", function()
  local picture = neap.zeros(2, 8, 8, 1)
  equal(model(x, 0.5, { labels = labels, picture = picture }), model(x, 0.5, labels):tolist())
  raises("velocity: mlp takes no condition, got 'labels'", function() plain(x, 0.5, labels) end)
  raises("velocity: mlp takes no condition, got 'picture'", function() plain(x, 0.5, { picture = picture }) end)
end)

test("refused conditions", function()
  local function refused(message, condition)
    raises(message, function() model(x, 0.5, condition) end)
  end
  local kinds = "expected labels, text, lengths, tokens, pooled or picture"
  refused("velocity: condition: expected labels or a table of tensors, got number", 3)
  refused(("velocity: condition: %s, got 'label'"):format(kinds), { label = labels })
  refused(("velocity: condition: %s, got 'number'"):format(kinds), { labels })
  refused("velocity: condition: labels: expected a tensor, got table", { labels = { 0, 2 } })
  refused("velocity: condition: picture: expected a tensor, got boolean", { picture = false })
  raises("average: condition: expected labels or a table of tensors, got string", function()
    model:average(x, 1, 0, "shoe")
  end)
end)

test("tensors of the wrong type, rank or rows", function()
  local function refused(message, condition)
    raises("condition: " .. message, function() model(x, 0.5, condition) end)
  end
  refused("labels: expected i32 [B] or f32 [B, classes + 1], got f32 [2]", labels:cast "f32")
  refused("labels: expected i32 [B] or f32 [B, classes + 1], got i32 [2, 1]", { labels = labels:reshape(2, 1) })
  refused("picture: expected f32 [B, H, W, C], got f32 [2, 3]", { picture = neap.zeros(2, 3) })
  refused("text: expected u8 [B, L], got i32 [2, 3]", { text = neap.zeros(2, 3):cast "i32" })
  refused("lengths: expected i32 [B], got f32 [2]", { lengths = neap.zeros(2) })
  refused("tokens: expected f32 [B, L, D], got f32 [2, 3]", { tokens = neap.zeros(2, 3) })
  refused("pooled: expected f32 [B, D], got f32 [2]", { pooled = neap.zeros(2) })
  refused("labels: expected 2 rows, got 3", neap.zeros(3):cast "i32")
  refused("picture: expected 2 rows, got 1", { picture = neap.zeros(1, 8, 8, 1) })
  raises("mlp: labels: expected i32 [2] or f32 [2, 4], got f32 [2, 3]", function() model(x, 0.5, neap.zeros(2, 3)) end)
end)

-- --- Sampling --------------------------------------------------------------------------------------------------------

local euler = neap.sampler.euler { steps = 3 }

test("a sampling's condition is its labels or its mixture", function()
  local drawn = euler:sample(model, { n = 2, seed = 1, labels = { 0, 2 } })
  equal(euler:sample(model, { n = 2, seed = 1, condition = { labels = labels } }), drawn:tolist())
  close(euler:sample(model, { n = 2, seed = 1, condition = { labels = weights } }), drawn:tolist(), 1e-5)
  equal(euler:sample(model, { n = 2, seed = 1, batch = 1, condition = { labels = labels } }), drawn:tolist())
  differ(drawn, euler:sample(model, { n = 2, seed = 1 }))
end)

test("conditions that no sampling can have", function()
  local function refused(message, settings, of)
    settings.n = settings.n or 2
    raises(message, function() euler:sample(of or model, settings) end)
  end
  refused("sample: condition: expected a table of tensors by kind, got number", { condition = 3 })
  refused("sample: condition: expected a table of tensors by kind, got userdata", { condition = labels })
  refused("sample: condition: labels: expected a tensor, got number", { condition = { labels = 1 } })
  refused("sample: condition: expected labels, text, lengths, tokens, pooled or picture, got 'label'",
    { condition = { label = labels } })
  refused("sample: expected labels or a mixture, got both", { labels = 1, condition = { labels = labels } })
  refused("sample: expected labels or a mixture, got both",
    { mixture = neap.morph(CLASSES, 0, 1, 2), condition = { labels = labels } })
  refused("condition: labels: expected 3 rows, got 2", { n = 3, condition = { labels = labels } })
  refused("sample: mlp takes no 'picture'", { condition = { picture = neap.zeros(2, 8, 8, 1) } })
  refused("sample: labels need a conditional network; this one has no classes", { condition = { labels = labels } }, plain)
  refused("sample: label: expected 0 to 2, got 7", { condition = { labels = neap.full({ 2 }, 7, "i32") } })
  refused("sample: unknown key 'conditions'; did you mean 'condition'?", { conditions = {} })
end)

test("labels of a condition are asked for what training left untaught", function()
  local shown = neap.architecture.mlp { classes = CLASSES, hidden = 8, depth = 1, time_features = 4 }
  local trainer = neap.objective.flow_matching { label_dropout = 0 }
  shown:set_objective(trainer)
  equal(euler:sample(shown, { n = 2, condition = { labels = labels } }):shape(), { 2, 1, 1, 2 })
  local never = "sample: expected labels: the network was trained with label_dropout = 0, never without a label"
  local some_null = neap.tensor { { 1, 0, 0, 0 }, { 0, 0, 0.5, 0.5 } }
  for _, untaught in ipairs { neap.tensor({ 0, -1 }, "i32"), neap.tensor({ 3, 0 }, "i32"), some_null } do
    raises(never, function() euler:sample(shown, { n = 2, condition = { labels = untaught } }) end)
  end
  raises(never, function() euler:sample(shown, { n = 2, mixture = some_null }) end)
  raises(never, function() euler:sample(shown, { n = 2 }) end)
end)

test("a kind without the others was never trained", function()
  local both = neap.architecture.dit {
    size = 8, channels = 1, patch = 4, width = 16, depth = 1, heads = 2, classes = 3, text = 8,
  }
  local function draw(settings)
    settings.n = 2
    return euler:sample(both, settings):shape()
  end
  equal(draw { labels = 1 }, { 2, 8, 8, 1 }) -- nothing says how it was trained
  both:set_objective(neap.objective.flow_matching { label_dropout = 0.1 })
  local alone = "training dropped both together, and never one alone"
  raises("sample: expected a text for each sample beside a label: " .. alone, function()
    euler:sample(both, { labels = 1 })
  end)
  raises("sample: expected labels beside a text: " .. alone, function() euler:sample(both, { text = "ring" }) end)
  for _, known in ipairs { {}, { labels = 1, text = "ring" }, { labels = 1, text = "" } } do
    equal(draw(known), { 2, 8, 8, 1 })
  end
end)

test("a guidance that has nothing to guide away from", function()
  local guided = neap.sampler.euler { steps = 3, guidance = neap.guidance.cfg { w = 1 } }
  raises("sample: guidance: cfg has no effect: mlp takes no condition to guide away from; leave it out", function()
    guided:sample(plain, { n = 2 })
  end)
  local off = guided:with { guidance = neap.guidance.cfg { w = 0 } }
  equal(off:sample(plain, { n = 2, seed = 1 }), euler:sample(plain, { n = 2, seed = 1 }):tolist())
end)

test("texts in place of numbers and flags", function()
  raises("seed: expected a whole number, got text '1'", function() euler:sample(model, { seed = "1" }) end)
  raises("level: expected a number, got text '0.5'", function() euler:sample(model, { level = "0.5" }) end)
  raises("sample: invert: expected true or false, got string", function() euler:sample(model, { invert = "yes" }) end)
end)

check.finish()
