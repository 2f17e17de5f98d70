--- neap encode RUN [OPTION ...]: encodes the data set of a run with its autoencoder, for training in its latents.
local core = require "neap.core"
local arguments = require "neap.cli.arguments"
local checkpoint = require "neap.checkpoint"
local encode = require("neap.encode").encode
local flags = require "neap.cli.flags"
local output = require "neap.output"
local real = require "neap.evaluate.real"

local RULES = flags.rules(require "neap.cli.flags.encode")

-- The file beside a checkpoint.
local function default_path(path)
  return (path:match "^(.*/)" or "") .. "latents.safetensors"
end

return function(list)
  local given, rest = arguments.split(list, RULES)
  local path = table.remove(rest, 1)
  if not path then
    core.fail_usage "encode: expected a run: neap encode RUN [OPTION ...]"
  end
  arguments.none("encode " .. path, rest)
  if given.threads then
    core.threads(given.threads)
  end
  path = checkpoint.find("encode", path)
  local out = given.out or default_path(path)
  output.check_all("encode", { { name = "-o", path = out, endings = { "safetensors" } } }, { { name = "the run", path = path } })
  local model = checkpoint.model("encode", path)
  local data <close> = core.source(real.component("encode", checkpoint.dataset(path), given.data))
  core.poll(true)
  encode {
    autoencoder = model:autoencoder() or model, data = data, path = out, batch = given.batch, flip = given.flip,
    precision = given.precision,
  }
  core.poll(false)
  output.announce(out)
end
