-- Compares the options of the diffusion transformer. Each is trained for as many steps from the same seed. The loss of
-- its averaged weights is measured on test pictures, with the same times and noise for all.
--
--   neap run recipes/dit_options.lua
--   neap run recipes/dit_options.lua only=rope steps=5000
--
-- Time: 16 minutes on two cores. Reaches: test losses from 0.246 to 0.276 (docs/results.md).
local neap = require "neap"

local o = neap.options {
  data = "/usr/share/datasets/fashion-mnist", -- a folder of IDX files
  patch = 4, width = 128, depth = 6, heads = 4, lr = 3e-3, ema = 0.995,
  steps = 1300,
  only = "", -- the name of one option; empty: all
  test = neap.whole(2000), -- test pictures
  out = "runs/dit_options",
}

local OPTIONS = {
  { "adaln", {} }, { "in_context", { conditioning = "in_context" } }, { "qk_norm", { qk_norm = true } },
  { "rope", { rope = true } }, { "swiglu", { swiglu = true } }, { "rms_norm", { rms_norm = true } },
}

local data = neap.dataset.idx { path = o.data }
local spec = data:spec()

local function architecture(changes)
  local settings = {
    rows = spec.height, columns = spec.width, channels = spec.channels, classes = spec.classes,
    patch = o.patch, width = o.width, depth = o.depth, heads = o.heads,
  }
  for key, value in pairs(changes) do
    settings[key] = value
  end
  return neap.architecture.dit(settings)
end

-- --- The loss on test pictures ---------------------------------------------------------------------------------------

local BATCH = 250

-- { x, labels, t, z } of each batch; times are spread evenly over all of them.
local function test_batches()
  local test, batches = neap.dataset.idx { path = o.data, split = "test" }, {}
  neap.seed(1)
  for first = 0, o.test - 1, BATCH do
    local indices, t = {}, {}
    for i = 1, math.min(BATCH, o.test - first) do
      indices[i], t[i] = first + i - 1, ((first + i - 0.5) * 0.6180339887) % 1
    end
    local x, labels = test:read(indices)
    batches[#batches + 1] = { x = x, labels = labels, t = neap.tensor(t), z = neap.randn_like(x) }
  end
  return batches
end

local function loss_on(model, batches)
  local sum = 0
  for _, b in ipairs(batches) do
    local t = b.t:reshape(-1, 1, 1, 1)
    local v = neap.no_grad(model, (1 - t) * b.x + t * b.z, b.t, b.labels)
    sum = sum + (b.z - b.x - v):square():mean(-1):sum():item() / (spec.height * spec.width)
  end
  return sum / o.test
end

-- --- Training --------------------------------------------------------------------------------------------------------

local function train(name, changes)
  local path, model = o.out .. "/" .. name, architecture(changes)
  neap.train {
    model = model, data = data, objective = neap.objective.flow_matching {},
    optimizer = neap.optimizer.adamw { lr = o.lr },
    batch = 64, steps = o.steps, warmup = 100, decay = "cosine", clip = 1, ema = o.ema, out = path,
  }
  local last
  for row in neap.metric_rows(path) do
    last = row
  end
  return neap.checkpoint.load(path .. "/checkpoint.safetensors").model, last.seconds / o.steps
end

local batches, lines = test_batches(), {}
for _, option in ipairs(OPTIONS) do
  local name, changes = table.unpack(option)
  if o.only == "" or o.only == name then
    neap.seed(0)
    local model, seconds = train(name, changes)
    lines[#lines + 1] = ("%-12s %9d parameters  %6.1f ms a step  test loss %.5f"):format(name, model:size(), 1000 * seconds,
      loss_on(model, batches))
  end
end
print(table.concat(lines, "\n"))
