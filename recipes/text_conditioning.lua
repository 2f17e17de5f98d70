-- Compares the ways in which a text enters a diffusion transformer, on the captioned shapes of recipes/text_shapes.lua: each is
-- trained for the same time with the same number of parameters, for each of several seeds. What it draws for the captions of
-- held-out combinations is read from the pixels. Two hours on two cores; a second call goes on, and prints the table again.
--
--   neap run recipes/text_conditioning.lua
--   neap run recipes/text_conditioning.lua minutes=24 seeds=1
--
-- Widths are multiples of `heads` times 4 with the number of parameters nearest to that of `cross` with `dit_width`.
--
-- Time: 120 minutes on two cores. Reaches: not measured.
local neap = require "neap"
local networks = require "text_networks"

local o = neap.options({
  minutes = 120, seeds = neap.whole(3), only = "",
  samples = neap.whole(500), -- for the table, of each run
  out = "runs/text_conditioning",
}, networks.SHAPES)

local data = neap.dataset.captioned_shapes { size = o.size }
local spec = data:spec()

-- --- Networks of equal size -------------------------------------------------------------------------------------------

local function network(conditioning, width)
  local own = { conditioning = conditioning, dit_width = width }
  return networks.transformer(setmetatable(own, { __index = o }), spec.height, spec.width, spec.channels, spec.text)
end

-- The network of this kind whose number of parameters is nearest to `count`.
local function network_of_size(conditioning, count)
  local best, difference
  for width = 4 * o.heads, 2 * o.dit_width, 4 * o.heads do
    local model = network(conditioning, width)
    if not best or math.abs(model:size() - count) < difference then
      best, difference = model, math.abs(model:size() - count)
    end
  end
  return best
end

local count = network("cross", o.dit_width):size()

-- --- Training ---------------------------------------------------------------------------------------------------------

local stages, runs = { minutes = o.minutes, only = o.only }, {}
for seed = 0, o.seeds - 1 do
  for _, conditioning in ipairs(networks.CONDITIONINGS) do
    local name = ("%s_%d"):format(conditioning, seed)
    runs[#runs + 1] = { conditioning = conditioning, path = o.out .. "/" .. name }
    stages[#stages + 1] = { name = name, run = function(stage)
      local settings = networks.shapes_training(o)
      neap.seed(seed)
      settings.model, settings.data, settings.seed = network_of_size(conditioning, count), data, seed
      settings.out, settings.minutes, settings.resume = stage.out, stage.minutes, stage.resume
      neap.train(settings)
    end }
  end
end
neap.stages(stages)

-- --- The table --------------------------------------------------------------------------------------------------------

-- The scores of a run's samples under `condition`: { { name, value }, ... }.
local function scores_of(path, condition)
  local run = neap.checkpoint.load(path)
  local pictures = run.sampler:sample(run.model, { n = o.samples, condition = condition, seed = 0 })
  local evidence = neap.evaluate.pictures(pictures, condition)
  return neap.evaluate.score(neap.metric.shape_attributes {}, evidence, nil, { resamples = 0 }), run
end

local function line(name, cells)
  print(("%-8s %s"):format(name, table.concat(cells, " ")))
end

-- Adds a run to the sums of its conditioning: of scores, and of steps.
local function add(sums, run, condition)
  local scores, loaded = scores_of(run.path, condition)
  local sum = sums[run.conditioning] or { steps = 0, parameters = loaded.model:size() }
  for i, score in ipairs(scores) do
    sum[i] = (sum[i] or 0) + score.value / o.seeds
  end
  local rows = neap.metrics(run.path)
  sum.steps = sum.steps + rows[#rows].step / o.seeds
  sums[run.conditioning] = sum
  return scores
end

if o.only == "" then
  local test = neap.dataset.captioned_shapes { size = o.size, split = "test" }
  local _, _, condition = test:batch(1, o.samples)
  local sums, scores = {}
  for _, run in ipairs(runs) do
    scores = add(sums, run, condition)
  end
  local cells = { "parameters", "   steps" }
  for i, score in ipairs(scores) do
    cells[i + 2] = ("%11s"):format(score.name)
  end
  line("", cells)
  for _, conditioning in ipairs(networks.CONDITIONINGS) do
    local sum = sums[conditioning]
    cells = { ("%10d"):format(sum.parameters), ("%8.0f"):format(sum.steps) }
    for i in ipairs(scores) do
      cells[i + 2] = ("%10.1f%%"):format(100 * sum[i])
    end
    line(conditioning, cells)
  end
end
