--- Transformers with joint attention of other programs: SD3Transformer2DModel of diffusers, with the blocks of Stable Diffusion 3
-- and 3.5 large. See neap.foreign.formats for the members of a format.
local core = require "neap.core"
local positions = require "neap.foreign.positions"
local size = require "neap.foreign.size"

local OWN, BLOCK = "joint_blocks.#.", "transformer_blocks.#."

local RULES = {
  { "x_embedder.proj.weight", "pos_embed.proj.weight", "patches" },
  { "x_embedder.proj", "pos_embed.proj" },
  { "t_embedder.mlp.0", "time_text_embed.timestep_embedder.linear_1" },
  { "t_embedder.mlp.2", "time_text_embed.timestep_embedder.linear_2" },
  { "pooled_embedder.mlp.0", "time_text_embed.text_embedder.linear_1" },
  { "pooled_embedder.mlp.2", "time_text_embed.text_embedder.linear_2" },
  { "context_embedder", "context_embedder" },
  { OWN .. "x_block.adaLN_modulation.1", BLOCK .. "norm1.linear" },
  { OWN .. "x_block.attn.qkv", { BLOCK .. "attn.to_q", BLOCK .. "attn.to_k", BLOCK .. "attn.to_v" }, "rows" },
  { OWN .. "x_block.attn.q_norm", BLOCK .. "attn.norm_q" },
  { OWN .. "x_block.attn.k_norm", BLOCK .. "attn.norm_k" },
  { OWN .. "x_block.attn.proj", BLOCK .. "attn.to_out.0" },
  { OWN .. "x_block.mlp.fc1", BLOCK .. "ff.net.0.proj" },
  { OWN .. "x_block.mlp.fc2", BLOCK .. "ff.net.2" },
  { OWN .. "context_block.adaLN_modulation.1", BLOCK .. "norm1_context.linear", "modulation" },
  { OWN .. "context_block.attn.qkv",
    { BLOCK .. "attn.add_q_proj", BLOCK .. "attn.add_k_proj", BLOCK .. "attn.add_v_proj" }, "rows" },
  { OWN .. "context_block.attn.kv", { BLOCK .. "attn.add_k_proj", BLOCK .. "attn.add_v_proj" }, "rows" },
  { OWN .. "context_block.attn.q_norm", BLOCK .. "attn.norm_added_q" },
  { OWN .. "context_block.attn.k_norm", BLOCK .. "attn.norm_added_k" },
  { OWN .. "context_block.attn.proj", BLOCK .. "attn.to_add_out" },
  { OWN .. "context_block.mlp.fc1", BLOCK .. "ff_context.net.0.proj" },
  { OWN .. "context_block.mlp.fc2", BLOCK .. "ff_context.net.2" },
  { "final_layer.adaLN_modulation.1", "norm_out.linear", "modulation" },
  { "final_layer.linear", "proj_out" },
}

-- Queries of the last block's text, whose result nothing reads.
local IGNORED = { "^pos_embed%.pos_embed$", "%.attn%.add_q_proj%.", "%.attn%.norm_added_q%." }

-- --- Sizes ------------------------------------------------------------------------------------------------------------------

local HEAD_WIDTH = 64 -- of all published sizes

local function heads_of(source, given, width)
  return given.heads or math.tointeger(source.config.num_attention_heads) or width % HEAD_WIDTH == 0 and width // HEAD_WIDTH or
    core.fail_usage(("import: heads: the weights do not say how many heads share the width %d; give heads=N"):format(width))
end

local POSITIONS = "pos_embed.pos_embed"
local CLOSE = 1e-3 -- positions that were stored in half precision differ by less

-- The positions of a picture are cropped from the middle of a square grid.
local function check_positions(source, rows, columns, width)
  local shape = source:shape(POSITIONS, 3)
  local side = math.floor(math.sqrt(shape[2]) + 0.5)
  if shape[1] ~= 1 or side * side ~= shape[2] or shape[3] ~= width or rows > side or columns > side then
    core.fail(("%s: '%s': expected [1, N * N, %d] for %d rows and %d columns of patches, got [%s]"):format(source.path,
      POSITIONS, width, rows, columns, table.concat(shape, ", ")))
  end
  local top, left, ops = (side - rows) // 2, (side - columns) // 2, core.ops
  local grid = ops.reshape(source:load(POSITIONS), { side, side, width })
  local cropped = ops.slice(ops.slice(grid, 0, top, top + rows), 1, left, left + columns)
  cropped = ops.reshape(ops.contiguous(cropped), { 1, rows * columns, width })
  local difference = positions.difference(cropped, rows, columns, width)
  if not (difference < CLOSE) then
    core.fail(("%s: '%s': expected the fixed sines of positions 0, 1, 2, .., got values that differ by up to %.3g"):format(
      source.path, POSITIONS, difference))
  end
end

-- --- Reading ----------------------------------------------------------------------------------------------------------------

local function check_config(source, c)
  source:check_config {
    { "num_layers", c.depth }, { "in_channels", c.channels }, { "out_channels", c.channels }, { "patch_size", c.patch },
    { "num_attention_heads", c.heads }, { "attention_head_dim", c.width // c.heads }, { "joint_attention_dim", c.tokens },
    { "caption_projection_dim", c.width }, { "pooled_projection_dim", c.pooled },
    { "qk_norm", c.qk_norm and "rms_norm" or nil },
  }
end

local function read(_, source, given)
  local embed = source:shape("pos_embed.proj.weight", 4)
  local width, channels, patch = embed[1], embed[2], embed[3]
  local rows, columns = size.of(source, given)
  local c = {
    rows = rows, columns = columns, channels = channels, patch = patch, width = width, heads = heads_of(source, given, width),
    depth = source:count "transformer_blocks", tokens = source:shape("context_embedder.weight", 2)[2],
    pooled = source:shape("time_text_embed.text_embedder.linear_1.weight", 2)[2],
    qk_norm = source.tensors["transformer_blocks.0.attn.norm_q.weight"] ~= nil,
  }
  check_config(source, c)
  check_positions(source, rows // patch, columns // patch, width)
  return { config = c, sizes = { patch = patch, channels = channels, depth = c.depth, width = width }, prediction = "v" }
end

return {
  {
    name = "diffusers", title = "SD3Transformer2DModel", architecture = "mmdit", rules = RULES, ignored = IGNORED,
    class = "SD3Transformer2DModel", has = { "context_embedder.weight", "time_text_embed.text_embedder.linear_1.weight" },
    keys = { size = size.COUNT, rows = size.COUNT, columns = size.COUNT, heads = size.COUNT }, read = read,
  },
}
