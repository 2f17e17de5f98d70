--- Names of AutoencoderKL in its present form, in files of diffusers before 0.18, and in files of CompVis/latent-diffusion. The
-- present ones are neap's.
local names = {}

names.PRESENT = {
  { "encoder", "encoder" },
  { "decoder", "decoder" },
  { "quant_conv", "quant_conv" },
  { "post_quant_conv", "post_quant_conv" },
}

local SIDES = { "encoder", "decoder" }

-- Rules for both sides: `*` is the side.
local function for_sides(rules)
  local list = {}
  for _, side in ipairs(SIDES) do
    for _, rule in ipairs(rules) do
      list[#list + 1] = { rule[1]:gsub("%*", side), rule[2]:gsub("%*", side), rule[3] }
    end
  end
  return list
end

local function joined(...)
  local list = {}
  for _, rules in ipairs { ... } do
    table.move(rules, 1, #rules, #list + 1, list)
  end
  return list
end

local OLD_ATTENTION = for_sides {
  { "*.mid_block.attentions.0.to_q", "*.mid_block.attentions.0.query" },
  { "*.mid_block.attentions.0.to_k", "*.mid_block.attentions.0.key" },
  { "*.mid_block.attentions.0.to_v", "*.mid_block.attentions.0.value" },
  { "*.mid_block.attentions.0.to_out.0", "*.mid_block.attentions.0.proj_attn" },
}

names.OLD = joined(OLD_ATTENTION, names.PRESENT)

local LDM_MIDDLE = for_sides {
  { "*.mid_block.resnets.0", "*.mid.block_1" },
  { "*.mid_block.resnets.1", "*.mid.block_2" },
  { "*.mid_block.attentions.0.group_norm", "*.mid.attn_1.norm" },
  { "*.mid_block.attentions.0.to_q", "*.mid.attn_1.q", "tap" },
  { "*.mid_block.attentions.0.to_k", "*.mid.attn_1.k", "tap" },
  { "*.mid_block.attentions.0.to_v", "*.mid.attn_1.v", "tap" },
  { "*.mid_block.attentions.0.to_out.0", "*.mid.attn_1.proj_out", "tap" },
  { "*.conv_norm_out", "*.norm_out" },
}

local LDM_LEVELS = {
  { "encoder.down_blocks.#.resnets.#.conv_shortcut", "encoder.down.#.block.#.nin_shortcut" },
  { "encoder.down_blocks.#.resnets.#", "encoder.down.#.block.#" },
  { "encoder.down_blocks.#.downsamplers.0.conv", "encoder.down.#.downsample.conv" },
  { "decoder.up_blocks.#.resnets.#.conv_shortcut", "decoder.up.~.block.#.nin_shortcut" },
  { "decoder.up_blocks.#.resnets.#", "decoder.up.~.block.#" },
  { "decoder.up_blocks.#.upsamplers.0.conv", "decoder.up.~.upsample.conv" },
}

names.LDM = joined(LDM_MIDDLE, LDM_LEVELS, names.PRESENT)

return names
