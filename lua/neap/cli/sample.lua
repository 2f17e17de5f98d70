--- neap sample RUN [-n N] [--seed S] [--steps N] [--label L] [--w W] [-o FILE.png] [--raw FILE.npy] [--batch N] [--threads N]
local core = require "neap.core"
local arguments = require "neap.arguments"
local checkpoint = require "neap.checkpoint"
local folder = require "neap.folder"
local image = require "neap.image"
local preview = require "neap.preview"
local rule = require "neap.rule"
local sampler = require "neap.sampler"

local MOST = 1000000 -- pictures: more is a slip of the keyboard, and would fill the memory before it is noticed

local function option(key, wanted)
  return { key = key, kind = wanted.kind, read = wanted.read }
end

local RULES = {
  ["-n"] = option("n", rule.whole(1, MOST)),
  ["--seed"] = option("seed", rule.whole(0)),
  ["--steps"] = option("steps", rule.whole(1)),
  ["--label"] = option("label", rule.text "a label"),
  ["--w"] = { key = "w", kind = "a number", read = tonumber },
  ["--batch"] = option("batch", rule.whole(1)),
  ["--threads"] = option("threads", rule.whole(1)),
  ["-o"] = option("out", rule.text "a file"),
  ["--raw"] = option("raw", rule.text "a file"),
}

local ROW, WITHOUT_LABEL = 8, 64

local function find(path)
  if core.exists(path) == "folder" then
    path = path .. "/" .. folder.CHECKPOINT
  end
  if core.exists(path) ~= "file" then
    core.fail(("sample: there is no checkpoint '%s'"):format(path))
  end
  return path
end

-- The run's own sampler, with what the command line changes.
local function adjust(run, given)
  local drawn = run.sampler
  if given.steps then
    drawn = drawn:with { steps = given.steps }
  end
  if given.w then
    drawn = sampler.of(drawn.instance, core.component("guidance", "cfg", { w = given.w }))
  end
  return drawn
end

-- Told before anything is drawn.
local function check_drawable(run, given)
  local spec = run.model:spec()
  if (given.out or not given.raw) and spec.channels ~= 1 and spec.channels ~= 3 then
    core.fail_usage(("sample: %s makes no pictures, but arrays [%d, %d, %d]; write them with --raw FILE.npy"):format(
      run.model:component():name(), spec.height, spec.width, spec.channels))
  end
end

local function progress(step, steps)
  if core.is_terminal(2) then
    io.stderr:write(("\rstep %d/%d\27[K%s"):format(step, steps, step == steps and "\r\27[K" or ""))
  end
end

local function write(run, given, pictures, seed)
  local spec = run.model:spec()
  if given.raw then
    local points = spec.height * spec.width == 1
    core.npy_save(given.raw, points and pictures or core.ops.clamp(pictures, -1, 1)) -- pictures as a PNG has them
    print(given.raw)
  end
  if given.raw and not given.out then
    return
  end
  local n = pictures:size(0)
  local columns = math.min(n, given.label == nil and spec.classes == 0 and math.ceil(math.sqrt(n)) or ROW)
  local path = given.out or "samples.png"
  image.save(path, image.grid(pictures, { columns = columns, scale = preview.scale(spec, columns) }),
    { ["neap.checkpoint"] = run.path, ["neap.seed"] = tostring(seed) })
  print(path)
end

return function(list)
  local given, rest = arguments.split(list, RULES)
  if #rest ~= 1 then
    core.fail_usage(("sample: expected one run, got %d: neap sample RUN [-n N] ..."):format(#rest))
  end
  if given.threads then
    core.threads(given.threads)
  end
  local run = checkpoint.load(find(rest[1]))
  check_drawable(run, given)
  local classes = run.model:spec().classes
  local n = given.n or (given.label and ROW) or (classes > 0 and ROW * math.min(classes, ROW + 2)) or WITHOUT_LABEL
  local seed = given.seed or 0
  core.poll(true)
  local pictures = adjust(run, given):sample(run.model, {
    n = n, seed = seed, labels = given.label or "each", names = run.labels, batch = given.batch, watch = progress,
  })
  core.poll(false)
  write(run, given, pictures, seed)
  return 0
end
