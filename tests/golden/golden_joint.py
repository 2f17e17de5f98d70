"""Small networks of diffusers with the joint blocks of Stable Diffusion 3, with random weights, an input and an output: what
`neap import` reads. `sd3` has plain queries and keys, `sd35` norms them.

Names are those of golden_vae.py: MODEL/WHAT and MODEL/weight/NAME, and the metadata entry "models" with each config.json.
"""

import json

import torch
from diffusers import SD3Transformer2DModel

from golden_vae import last, randomise

ROWS, COLUMNS, CHANNELS, PATCH, TOKENS, BATCH = 6, 8, 2, 2, 5, 2
NORMS = {"sd3": None, "sd35": "rms_norm"}


def network(norm):
    """The grid of positions is cropped from its first row and column on, and its steps are 1, so the positions are those of a
    network with pictures of this size alone."""
    return SD3Transformer2DModel(sample_size=COLUMNS, patch_size=PATCH, in_channels=CHANNELS, out_channels=CHANNELS, num_layers=2,
                                 attention_head_dim=6, num_attention_heads=2, joint_attention_dim=7, caption_projection_dim=12,
                                 pooled_projection_dim=9, pos_embed_max_size=COLUMNS // PATCH, qk_norm=norm)


def run(model, generator):
    x = torch.randn((BATCH, CHANNELS, ROWS, COLUMNS), generator=generator)
    tokens = torch.randn((BATCH, TOKENS, 7), generator=generator)
    pooled, t = torch.randn((BATCH, 9), generator=generator), torch.tensor([0.125, 0.75])
    y = model(x.double(), encoder_hidden_states=tokens.double(), pooled_projections=pooled.double(), timestep=1000 * t).sample
    return {"x": last(x), "t": t, "tokens": tokens, "pooled": pooled, "velocity": last(y)}


def describe(model):
    return {"config": {"_class_name": type(model).__name__} |
            {key: value for key, value in model.config.items() if not key.startswith("_")}}


def tensors():
    """The tensors, and the metadata."""
    torch.manual_seed(2025)  # of the weights that networks begin with
    generator, result, models = torch.Generator().manual_seed(2025), {}, {}
    for name, norm in NORMS.items():
        model = randomise(network(norm), generator)
        models[name] = describe(model)
        weights = {f"weight/{key}": w.float().clone() for key, w in model.state_dict().items()}
        with torch.no_grad():
            values = run(model.double(), generator)
        result |= {f"{name}/{key}": value for key, value in (weights | values).items()}
    return result, {"models": json.dumps(models, sort_keys=True)}
