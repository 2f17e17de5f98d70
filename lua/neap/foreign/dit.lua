--- Diffusion transformers of other programs: the names of facebookresearch/DiT, which other projects use as well, and those of
-- DiTTransformer2DModel of diffusers; with cross-attention, the names of PixArt-alpha and those of PixArtTransformer2DModel. See
-- neap.foreign.formats for the members of a format.
local core = require "neap.core"
local config = require "neap.config"
local format_shape = require("neap.format").shape
local names = require "neap.foreign.names"
local positions = require "neap.foreign.positions"
local rule = require "neap.rule"
local size = require "neap.foreign.size"
local tables = require "neap.foreign.dit_names"

-- --- Sizes that no tensor has -------------------------------------------------------------------------------------------

-- Of the published sizes S, B, L and XL, by width; and by preset of the architecture.
local HEADS = { [384] = 6, [768] = 12, [1024] = 16, [1152] = 16 }
local PRESET_HEADS = { S = 6, B = 12, L = 16, XL = 16 }
local HEAD_WIDTH = 64

local function heads_of(source, given, width, notes)
  local heads = given.heads or math.tointeger(source.config.num_attention_heads)
  if heads then
    return heads
  end
  heads = HEADS[width] or width % HEAD_WIDTH == 0 and width // HEAD_WIDTH or core.fail_usage(
    ("import: heads: the weights do not say how many heads share the width %d; give heads=N"):format(width))
  notes[#notes + 1] = ("the weights do not say how many heads there are; %d is usual for the width %d; otherwise give heads=N")
    :format(heads, width)
  return heads
end

-- The whole part of width * ratio is `inner`.
local function ratio_of(width, inner)
  local ratio = inner / width
  return math.floor(width * ratio) == inner and ratio or (inner + 0.5) / width
end

local function square_root(path, count)
  local root = math.floor(math.sqrt(count) + 0.5)
  return root * root == count and root or core.fail_usage(
    ("import: %s: %d patches are no square; give rows=N columns=N"):format(path, count))
end

local POSITIONS = "pos_embed"
local CLOSE = 1e-3 -- positions that were stored in half precision differ by less

local function check_positions(source, rows, columns, width)
  local shape = source:shape(POSITIONS, 3)
  local wanted = ("[1, %d, %d]"):format(rows * columns, width)
  local got = format_shape(shape)
  if got ~= wanted then
    core.fail(("%s: '%s': expected %s for %d rows and %d columns of patches, got %s"):format(source.path, POSITIONS, wanted,
      rows, columns, got))
  end
  local difference = positions.difference(source:load(POSITIONS), rows, columns, width)
  if not (difference < CLOSE) then
    core.fail(("%s: '%s': expected the fixed sines of positions, got values that differ by up to %.3g"):format(source.path,
      POSITIONS, difference))
  end
end

-- Rows and columns of pixels.
local function size_of(source, given, patch)
  local stored = source.tensors[POSITIONS] and not (given.size or given.rows) and source:shape(POSITIONS, 3)[2]
  return size.of(source, given, stored and square_root(source.path, stored) * patch)
end

-- --- Reading -------------------------------------------------------------------------------------------------------------

-- The shape of the tensor that one of neap is read from.
local function shape_of(format, source, own, rank)
  return source:shape(names.place(format.rules, { depth = 1 }, own)[1], rank)
end

local function classes_of(format, source)
  local place = names.place(format.rules, { depth = 1 }, "y_embedder.embedding_table.weight")
  return place and source.tensors[place[1]] and source:shape(place[1], 2)[1] - 1 or 0
end

-- The width of the tokens of cross-attention.
local function tokens_of(format, source)
  return format.cross and shape_of(format, source, "y_embedder.y_proj.fc1.weight", 2)[2] or 0
end

local function outputs_of(source, format, patch, channels)
  local rows = shape_of(format, source, "final_layer.linear.weight", 2)[1]
  local outputs = rows // (patch * patch * channels)
  if outputs < 1 or outputs > 2 or rows ~= outputs * patch * patch * channels then
    core.fail(("%s: the last layer: expected %d or %d rows for %d channels, got %d"):format(source.path,
      patch * patch * channels, 2 * patch * patch * channels, channels, rows))
  end
  return outputs
end

local function check_config(source, c, outputs)
  source:check_config {
    { "num_layers", c.depth }, { "in_channels", c.channels }, { "patch_size", c.patch },
    { "num_attention_heads", c.heads }, { "attention_head_dim", c.width // c.heads },
    { "out_channels", outputs * c.channels }, { "activation_fn", "gelu-approximate" },
    { "attention_bias", true }, { "norm_elementwise_affine", false },
  }
  source:check_config(c.tokens > 0 and { { "norm_type", "ada_norm_single" }, { "caption_channels", c.tokens },
    { "cross_attention_dim", c.width }, { "interpolation_scale", 1 } }
    or { { "norm_type", "ada_norm_zero" }, { "num_embeds_ada_norm", c.classes } })
end

local PREDICTIONS = rule.choice("v", "x0", "noise")
local UNKNOWN = "nothing says what the network predicts, so samplers refuse it; give prediction=v, x0 or noise if it was " ..
  "trained on straight paths from data at t = 0 to noise at t = 1, with 1000 t as its input; the published DiT and SiT were not"

-- An export of neap says it in the metadata.
local function prediction_of(source, given)
  return given.prediction or PREDICTIONS.read(source.metadata[names.PREDICTION])
end

local function add_notes(notes, format, prediction, outputs)
  if outputs == 2 then
    notes[#notes + 1] = "the last layer predicts variances beside its output; they are dropped"
  end
  notes[#notes + 1] = format.note
  if not prediction then
    notes[#notes + 1] = UNKNOWN
  end
end

local function read(format, source, given, notes)
  local embed = shape_of(format, source, "x_embedder.proj.weight", 4)
  local width, channels, patch = embed[1], embed[2], embed[3]
  local rows, columns = size_of(source, given, patch)
  local outputs = outputs_of(source, format, patch, channels)
  local c = {
    rows = rows, columns = columns, channels = channels, patch = patch, width = width, depth = source:count(format.blocks),
    heads = heads_of(source, given, width, notes), classes = classes_of(format, source),
    mlp_ratio = ratio_of(width, shape_of(format, source, "blocks.0.mlp.fc1.weight", 2)[1]),
    conditioning = format.cross and "cross" or "adaln", tokens = tokens_of(format, source),
  }
  if format.class then
    check_config(source, c, outputs)
  end
  if source.tensors[POSITIONS] then
    check_positions(source, rows // patch, columns // patch, width)
  end
  local prediction = prediction_of(source, given)
  add_notes(notes, format, prediction, outputs)
  return { config = c, sizes = { patch = patch, channels = channels, depth = c.depth, outputs = outputs },
    prediction = prediction }
end

-- --- Writing ------------------------------------------------------------------------------------------------------------

-- Settings that the formats do not have, with the value that they imply.
local FIXED = { { "qk_norm", false }, { "rope", false }, { "swiglu", false }, { "rms_norm", false }, { "interval", false },
  { "text", 0 }, { "pooled", 0 }, { "picture", "none" } }
local FIXED_ADALN, FIXED_CROSS = { { "conditioning", "adaln" } }, { { "classes", 0 } }

local function check_fixed(format, c, list)
  for _, pair in ipairs(list) do
    local key, want = pair[1], pair[2]
    if c[key] ~= want then
      core.fail(("export: %s: %s: expected %s, got %s"):format(format.title, key, tostring(want), tostring(c[key])))
    end
  end
end

local function check_settings(format, c)
  check_fixed(format, c, format.cross and FIXED_CROSS or FIXED_ADALN)
  check_fixed(format, c, FIXED)
  if not format.cross and c.classes == 0 then
    core.fail(("export: %s: classes: expected a network with classes, got one without"):format(format.title))
  end
end

local function check_diffusers(format, c, width)
  check_settings(format, c)
  if c.rows ~= c.columns then
    core.fail(("export: %s: expected square pictures, got %d rows and %d columns"):format(format.title, c.rows, c.columns))
  elseif math.floor(width * c.mlp_ratio) ~= 4 * width then
    core.fail(("export: %s: mlp_ratio: expected 4, got %s"):format(format.title, c.mlp_ratio))
  end
end

-- The config of a model with its zeros resolved.
local function whole_config(model)
  local c = config.of(model:component())
  c.width, c.depth = model:parameter("t_embedder.mlp.2.weight"):size(0), 0
  while model:parameter(("blocks.%d.attn.qkv.weight"):format(c.depth)) do
    c.depth = c.depth + 1
  end
  c.heads = c.heads > 0 and c.heads or PRESET_HEADS[c.preset]
  c.rows, c.columns = c.rows > 0 and c.rows or c.size, c.columns > 0 and c.columns or c.size
  return c
end

local function describe(format, c)
  local d = {
    _class_name = format.class, activation_fn = "gelu-approximate", attention_bias = true,
    attention_head_dim = c.width // c.heads, dropout = 0.0, in_channels = c.channels, norm_elementwise_affine = false,
    norm_eps = 1e-5, norm_num_groups = 32, norm_type = "ada_norm_zero", num_attention_heads = c.heads,
    num_embeds_ada_norm = c.classes, num_layers = c.depth, out_channels = c.channels, patch_size = c.patch,
    sample_size = c.rows, upcast_attention = false,
  }
  if format.cross then
    d.norm_eps, d.norm_type, d.num_embeds_ada_norm = 1e-6, "ada_norm_single", 1000
    d.caption_channels, d.cross_attention_dim, d.use_additional_conditions = c.tokens, c.width, false
    d.interpolation_scale = 1
  end
  return d
end

-- { { key, text } } of metadata; without an objective, nothing is known.
local function prediction_in(model)
  local objective = model:objective()
  local prediction = objective and config.of(objective).prediction
  return PREDICTIONS.read(prediction) and { { names.PREDICTION, prediction } } or {}
end

local function write(format, model)
  local c = whole_config(model)
  format.check(format, c, c.width)
  return { sizes = { patch = c.patch, channels = c.channels, depth = c.depth, outputs = 1 }, metadata = prediction_in(model),
    config = format.class and describe(format, c), extra = not format.class and
      { { POSITIONS, positions.tensor(c.rows // c.patch, c.columns // c.patch, c.width) } } or {} }
end

-- --- The formats ----------------------------------------------------------------------------------------------------------

local KEYS = { size = size.COUNT, rows = size.COUNT, columns = size.COUNT, heads = size.COUNT,
  prediction = PREDICTIONS }

local function is_cross(c)
  return c.conditioning == "cross"
end

return {
  {
    name = "pixart", title = "PixArt-alpha", architecture = "dit", rules = tables.pixart, blocks = "blocks", cross = true,
    has = { "blocks.0.cross_attn.q_linear.weight", "t_block.1.weight" },
    ignored = { "^pos_embed$", "^y_embedder%.y_embedding$" }, keys = KEYS, read = read,
  },
  {
    name = "diffusers", title = "PixArtTransformer2DModel", architecture = "dit", rules = tables.pixart_diffusers,
    blocks = "transformer_blocks", cross = true, class = "PixArtTransformer2DModel", earlier_class = "Transformer2DModel",
    has = { "adaln_single.linear.weight", "caption_projection.linear_1.weight" }, ignored = { "^pos_embed%.pos_embed$" },
    keys = KEYS, read = read, write = write, check = check_diffusers, holds = is_cross,
  },
  {
    name = "dit", title = "facebookresearch/DiT", architecture = "dit", rules = tables.facebook, blocks = "blocks",
    has = { "x_embedder.proj.weight", "final_layer.linear.weight" }, ignored = { "^pos_embed$" }, keys = KEYS,
    read = read, write = write, check = check_settings,
  },
  {
    name = "diffusers", title = "DiTTransformer2DModel", architecture = "dit", rules = tables.diffusers,
    blocks = "transformer_blocks", class = "DiTTransformer2DModel", earlier_class = "Transformer2DModel",
    has = { "pos_embed.proj.weight", "proj_out_2.weight" },
    ignored = { "^pos_embed%.pos_embed$" }, keys = KEYS, read = read, write = write, check = check_diffusers,
    note = "time frequencies and norms are those of the original DiT: 10000^(-i/128) and eps 1e-6; " ..
      "diffusers computes 10000^(-i/127), and eps 1e-5 in the norm before the MLP",
  },
}
