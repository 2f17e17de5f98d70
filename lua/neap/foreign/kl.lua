--- AutoencoderKL of diffusers in its present and old names, and as CompVis/latent-diffusion names it. Members of a format:
-- neap.foreign.formats.
local core = require "neap.core"
local autoencoder = require "neap.foreign.autoencoder"
local config_of = require("neap.config").of
local latents = require "neap.foreign.latents"
local names = require "neap.foreign.names"
local own_names = require "neap.foreign.kl_names"
local rule = require "neap.rule"
local size = require "neap.foreign.size"

local repeated = autoencoder.repeated

local GROUPS = 32 -- where no config.json says otherwise

-- --- Reading -------------------------------------------------------------------------------------------------------------

local function place_of(format, sizes, own)
  return names.place(format.rules, sizes, own)[1]
end

-- Channels of each level of the encoder.
local function widths_of(format, source)
  local widths, sizes = {}, { levels = source:count(format.levels) }
  for i = 0, sizes.levels - 1 do
    local own = ("encoder.down_blocks.%d.resnets.0.conv1.weight"):format(i)
    widths[i + 1] = source:shape(place_of(format, sizes, own), 4)[1]
  end
  return widths
end

-- { 64, 128 } -> "1,2"
local function growth_of(source, widths)
  local list = {}
  for i, width in ipairs(widths) do
    list[i] = width // widths[1]
    if width % widths[1] ~= 0 then
      core.fail(("%s: level %d: expected a multiple of the %d channels of the first, got %d"):format(source.path, i - 1,
        widths[1], width))
    end
  end
  return table.concat(list, ",")
end

local function check_config(source, c, widths)
  source:check_config {
    { "block_out_channels", widths }, { "layers_per_block", c.blocks }, { "latent_channels", c.latent },
    { "in_channels", c.channels }, { "out_channels", c.channels }, { "act_fn", "silu" },
    { "down_block_types", repeated("DownEncoderBlock2D", #widths) }, { "up_block_types", repeated("UpDecoderBlock2D", #widths) },
    { "mid_block_add_attention", c.attention }, { "use_quant_conv", c.quant }, { "use_post_quant_conv", c.quant },
  }
end

local function latent_of(source)
  local rows = source:shape("encoder.conv_out.weight", 4)[1]
  return rows % 2 == 0 and rows // 2 or core.fail(
    ("%s: 'encoder.conv_out.weight': expected means and log variances, an even number of rows, got %d"):format(source.path, rows))
end

local function read_kl(format, source, given, notes)
  local widths = widths_of(format, source)
  local rows, columns = size.of(source, given)
  local c = {
    style = "kl", discriminator = false, rows = rows, columns = columns, latent = latent_of(source),
    channels = source:shape("encoder.conv_in.weight", 4)[2], width = widths[1], growth = growth_of(source, widths),
    factor = 1 << #widths - 1, blocks = source:count(format.levels .. ".0." .. format.resnets),
    groups = given.groups or math.tointeger(source.config.norm_num_groups) or GROUPS,
    attention = source.tensors[place_of(format, { levels = #widths }, "encoder.mid_block.attentions.0.to_q.weight")] ~= nil,
    quant = source.tensors["quant_conv.weight"] ~= nil,
  }
  if format.class then
    check_config(source, c, widths)
  end
  return { config = c, sizes = { levels = #widths }, buffers = latents.read(source, given, c.latent, notes) }
end

-- --- Writing -------------------------------------------------------------------------------------------------------------

local function widths_in(model)
  local widths = {}
  while true do
    local weight = model:parameter(("encoder.down_blocks.%d.resnets.0.conv1.weight"):format(#widths))
    if not weight then
      return widths
    end
    widths[#widths + 1] = weight:size(0)
  end
end

local function write_kl(format, model)
  local c, widths = config_of(model:component()), widths_in(model)
  local config = {
    _class_name = format.class, act_fn = "silu", block_out_channels = widths, layers_per_block = c.blocks,
    down_block_types = repeated("DownEncoderBlock2D", #widths), up_block_types = repeated("UpDecoderBlock2D", #widths),
    force_upcast = true, in_channels = c.channels, out_channels = c.channels, latent_channels = c.latent,
    mid_block_add_attention = c.attention, norm_num_groups = c.groups, use_quant_conv = c.quant,
    use_post_quant_conv = c.quant, sample_size = c.rows == c.columns and c.rows or nil,
  }
  latents.write(model, config)
  return { sizes = { levels = #widths }, config = config, omitted = autoencoder.OMITTED }
end

-- --- The formats -----------------------------------------------------------------------------------------------------------

local KEYS = { groups = rule.whole(1, 4096) }
for key, wanted in pairs(autoencoder.KEYS) do
  KEYS[key] = wanted
end

local UNUSED = { "^loss%.", "^model_ema%." } -- perceptual loss, discriminator and averages of latent-diffusion

local function kl(format)
  format.architecture, format.keys, format.read, format.holds = "vae_gan", KEYS, read_kl, autoencoder.has_style "kl"
  format.ignored = format.ignored or {}
  return format
end

-- The first that fits counts, so that with the special name comes first.
return {
  kl {
    name = "diffusers_old", title = "AutoencoderKL with the attention's old names", class = "AutoencoderKL",
    rules = own_names.OLD, has = { "encoder.mid_block.attentions.0.query.weight" },
    levels = "encoder.down_blocks", resnets = "resnets",
  },
  kl {
    name = "diffusers", title = "AutoencoderKL", class = "AutoencoderKL", rules = own_names.PRESENT,
    has = { "encoder.down_blocks.0.resnets.0.conv1.weight" },
    levels = "encoder.down_blocks", resnets = "resnets", write = write_kl,
  },
  kl {
    name = "ldm", title = "an autoencoder of latent-diffusion", rules = own_names.LDM,
    has = { "encoder.down.0.block.0.conv1.weight" }, levels = "encoder.down", resnets = "block", ignored = UNUSED,
  },
  kl {
    name = "ldm", title = "first_stage_model of latent-diffusion", rules = own_names.LDM, prefix = "first_stage_model.",
    has = { "encoder.down.0.block.0.conv1.weight" }, levels = "encoder.down", resnets = "block", ignored = UNUSED,
  },
}
