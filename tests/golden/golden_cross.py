"""A small network of diffusers with the blocks of PixArt-alpha, with random weights, an input and an output: what `neap import`
reads. The texts have different lengths.

Names are those of golden_vae.py: MODEL/WHAT and MODEL/weight/NAME, and the metadata entry "models" with each config.json. The
entry `original` holds the names of the published code (github.com/PixArt-alpha/PixArt-alpha, diffusion/model/nets).
"""

import json

import torch
from diffusers import PixArtTransformer2DModel

from golden_vae import last, randomise

SIDE, CHANNELS, PATCH, DEPTH, TOKENS, CAPTION = 6, 2, 2, 2, 5, 7
LENGTHS = [5, 2, 1]


def network():
    """It predicts variances as well, as the published ones do."""
    return PixArtTransformer2DModel(num_attention_heads=2, attention_head_dim=6, in_channels=CHANNELS, out_channels=2 * CHANNELS,
                                    num_layers=DEPTH, sample_size=SIDE, patch_size=PATCH, cross_attention_dim=12,
                                    caption_channels=CAPTION, use_additional_conditions=False)


def run(model, generator):
    batch = len(LENGTHS)
    x = torch.randn((batch, CHANNELS, SIDE, SIDE), generator=generator)
    tokens, t = torch.randn((batch, TOKENS, CAPTION), generator=generator), torch.tensor([0.125, 0.75, 1])
    lengths = torch.tensor(LENGTHS, dtype=torch.int32)
    mask = (torch.arange(TOKENS)[None] < lengths[:, None]).double()
    y = model(x.double(), encoder_hidden_states=tokens.double(), timestep=1000 * t, encoder_attention_mask=mask,
              added_cond_kwargs={"resolution": None, "aspect_ratio": None}).sample
    return {"x": last(x), "t": t, "tokens": tokens, "lengths": lengths, "velocity": last(y[:, :CHANNELS])}


def original_names():
    """The published names, each with the names of diffusers whose rows it has."""
    names = {"x_embedder.proj": "pos_embed.proj", "t_embedder.mlp.0": "adaln_single.emb.timestep_embedder.linear_1",
             "t_embedder.mlp.2": "adaln_single.emb.timestep_embedder.linear_2", "t_block.1": "adaln_single.linear",
             "y_embedder.y_proj.fc1": "caption_projection.linear_1", "y_embedder.y_proj.fc2": "caption_projection.linear_2",
             "final_layer.linear": "proj_out"}
    for i in range(DEPTH):
        block = f"transformer_blocks.{i}"
        names |= {f"blocks.{i}.attn.qkv": [f"{block}.attn1.to_{x}" for x in "qkv"],
                  f"blocks.{i}.attn.proj": f"{block}.attn1.to_out.0", f"blocks.{i}.cross_attn.q_linear": f"{block}.attn2.to_q",
                  f"blocks.{i}.cross_attn.kv_linear": [f"{block}.attn2.to_{x}" for x in "kv"],
                  f"blocks.{i}.cross_attn.proj": f"{block}.attn2.to_out.0", f"blocks.{i}.mlp.fc1": f"{block}.ff.net.0.proj",
                  f"blocks.{i}.mlp.fc2": f"{block}.ff.net.2"}
    whole = {f"{own}.{kind}": [f"{x}.{kind}" for x in ([other] if isinstance(other, str) else other)]
             for own, other in names.items() for kind in ("weight", "bias")}
    tables = {f"blocks.{i}.scale_shift_table": [f"transformer_blocks.{i}.scale_shift_table"] for i in range(DEPTH)}
    return whole | tables | {"final_layer.scale_shift_table": ["scale_shift_table"]}


def tensors():
    """The tensors, and the metadata."""
    torch.manual_seed(2024)  # of the weights that the network begins with
    generator = torch.Generator().manual_seed(2024)
    model = randomise(network(), generator)
    config = {"_class_name": type(model).__name__} | {k: v for k, v in model.config.items() if not k.startswith("_")}
    weights = {f"weight/{key}": w.float().clone() for key, w in model.state_dict().items()}
    with torch.no_grad():
        values = run(model.double(), generator)
    result = {f"pixart/{key}": value for key, value in (weights | values).items()}
    return result, {"models": json.dumps({"pixart": {"config": config, "original": original_names()}}, sort_keys=True)}
