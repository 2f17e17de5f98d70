--- Names of diffusion transformers in other programs; see neap.foreign.names. `facebook` are those of facebookresearch/DiT,
-- `pixart` those of PixArt-alpha, the others those of diffusers.
local EMBEDDER = "transformer_blocks.@.norm1.emb."

local FACEBOOK = {
  { "x_embedder.proj.weight", "x_embedder.proj.weight", "patches" },
  { "x_embedder.proj", "x_embedder.proj" },
  { "t_embedder", "t_embedder" },
  { "y_embedder", "y_embedder" },
  { "blocks", "blocks" },
  { "final_layer.linear", "final_layer.linear", "first_output" },
  { "final_layer", "final_layer" },
}

local DIFFUSERS = {
  { "x_embedder.proj.weight", "pos_embed.proj.weight", "patches" },
  { "x_embedder.proj", "pos_embed.proj" },
  { "t_embedder.mlp.0", EMBEDDER .. "timestep_embedder.linear_1", "copies" },
  { "t_embedder.mlp.2", EMBEDDER .. "timestep_embedder.linear_2", "copies" },
  { "y_embedder.embedding_table", EMBEDDER .. "class_embedder.embedding_table", "copies" },
  { "blocks.#.adaLN_modulation.1", "transformer_blocks.#.norm1.linear" },
  { "blocks.#.attn.qkv",
    { "transformer_blocks.#.attn1.to_q", "transformer_blocks.#.attn1.to_k", "transformer_blocks.#.attn1.to_v" }, "rows" },
  { "blocks.#.attn.proj", "transformer_blocks.#.attn1.to_out.0" },
  { "blocks.#.mlp.fc1", "transformer_blocks.#.ff.net.0.proj" },
  { "blocks.#.mlp.fc2", "transformer_blocks.#.ff.net.2" },
  { "final_layer.adaLN_modulation.1", "proj_out_1" },
  { "final_layer.linear", "proj_out_2", "first_output" },
}

local PIXART = {
  { "x_embedder.proj.weight", "x_embedder.proj.weight", "patches" },
  { "x_embedder.proj", "x_embedder.proj" },
  { "t_embedder", "t_embedder" },
  { "t_block", "t_block" },
  { "y_embedder", "y_embedder" },
  { "blocks", "blocks" },
  { "final_layer.linear", "final_layer.linear", "first_output" },
  { "final_layer", "final_layer" },
}

local PIXART_DIFFUSERS = {
  { "x_embedder.proj.weight", "pos_embed.proj.weight", "patches" },
  { "x_embedder.proj", "pos_embed.proj" },
  { "t_embedder.mlp.0", "adaln_single.emb.timestep_embedder.linear_1" },
  { "t_embedder.mlp.2", "adaln_single.emb.timestep_embedder.linear_2" },
  { "t_block.1", "adaln_single.linear" },
  { "y_embedder.y_proj.fc1", "caption_projection.linear_1" },
  { "y_embedder.y_proj.fc2", "caption_projection.linear_2" },
  { "blocks.#.scale_shift_table", "transformer_blocks.#.scale_shift_table" },
  { "blocks.#.attn.qkv",
    { "transformer_blocks.#.attn1.to_q", "transformer_blocks.#.attn1.to_k", "transformer_blocks.#.attn1.to_v" }, "rows" },
  { "blocks.#.attn.proj", "transformer_blocks.#.attn1.to_out.0" },
  { "blocks.#.cross_attn.q_linear", "transformer_blocks.#.attn2.to_q" },
  { "blocks.#.cross_attn.kv_linear", { "transformer_blocks.#.attn2.to_k", "transformer_blocks.#.attn2.to_v" }, "rows" },
  { "blocks.#.cross_attn.proj", "transformer_blocks.#.attn2.to_out.0" },
  { "blocks.#.mlp.fc1", "transformer_blocks.#.ff.net.0.proj" },
  { "blocks.#.mlp.fc2", "transformer_blocks.#.ff.net.2" },
  { "final_layer.scale_shift_table", "scale_shift_table" },
  { "final_layer.linear", "proj_out", "first_output" },
}

return { facebook = FACEBOOK, diffusers = DIFFUSERS, pixart = PIXART, pixart_diffusers = PIXART_DIFFUSERS }
