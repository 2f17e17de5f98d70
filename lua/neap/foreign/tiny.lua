--- AutoencoderTiny of diffusers, as taesd. See neap.foreign.formats for the members of a format.
local autoencoder = require "neap.foreign.autoencoder"
local config_of = require("neap.config").of
local latents = require "neap.foreign.latents"
local size = require "neap.foreign.size"

local RULES = { { "encoder", "encoder" }, { "decoder", "decoder" } }

-- --- Reading -------------------------------------------------------------------------------------------------------------

-- Blocks of each level of the encoder, whose layers are a convolution, blocks, (a convolution, blocks) ..., a convolution.
local function blocks_of(source)
  local counts, count = { 0 }, source:count "encoder.layers"
  for i = 1, count - 2 do
    if source:count(("encoder.layers.%d.conv"):format(i)) > 0 then
      counts[#counts] = counts[#counts] + 1
    else
      counts[#counts + 1] = 0
    end
  end
  return counts
end

local function reversed(list)
  local result = {}
  for i = 1, #list do
    result[i] = list[#list + 1 - i]
  end
  return result
end

local function config_for(c, counts)
  local widths = autoencoder.repeated(c.width, #counts)
  return {
    _class_name = "AutoencoderTiny", act_fn = "relu", in_channels = c.channels, out_channels = c.channels,
    encoder_block_out_channels = widths, decoder_block_out_channels = widths, num_encoder_blocks = counts,
    num_decoder_blocks = reversed(counts), latent_channels = c.latent, upsample_fn = "nearest", upsampling_scaling_factor = 2,
    latent_magnitude = 3, latent_shift = 0.5, force_upcast = false,
  }
end

local UNCHECKED = { latent_magnitude = true, latent_shift = true, force_upcast = true }

local function check_config(source, c, counts)
  local list = {}
  for key, value in pairs(config_for(c, counts)) do
    list[#list + 1] = not UNCHECKED[key] and { key, value } or nil
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  source:check_config(list)
end

local function read(_, source, given, notes)
  local counts, rows, columns = blocks_of(source), size.of(source, given)
  local first = source:shape("encoder.layers.0.weight", 4)
  local c = {
    style = "tiny", discriminator = false, rows = rows, columns = columns, channels = first[2], width = first[1],
    factor = 1 << #counts - 1, blocks = counts[2],
    latent = source:shape(("encoder.layers.%d.weight"):format(source:count "encoder.layers" - 1), 4)[1],
  }
  check_config(source, c, counts)
  return { config = c, sizes = {}, buffers = latents.read(source, given, c.latent, notes) }
end

-- --- Writing -------------------------------------------------------------------------------------------------------------

local function write(_, model)
  local c, counts = config_of(model:component()), { 1 }
  for i = 2, math.tointeger(math.log(c.factor, 2)) + 1 do
    counts[i] = c.blocks
  end
  local config = config_for(c, counts)
  latents.write(model, config)
  return { sizes = {}, config = config, omitted = autoencoder.OMITTED }
end

return {
  {
    name = "diffusers", title = "AutoencoderTiny", class = "AutoencoderTiny", architecture = "vae_gan", rules = RULES,
    has = { "encoder.layers.0.weight", "decoder.layers.0.weight" }, ignored = {}, keys = autoencoder.KEYS, read = read,
    write = write, holds = autoencoder.has_style "tiny",
  },
}
