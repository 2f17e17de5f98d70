"""Small networks of diffusers with random weights, an input and an output of each: what `neap import` reads.

Pictures and latents are [B, C, H, W] there and [B, H, W, C] in the file. Tensors are named MODEL/WHAT and MODEL/weight/NAME.
The single metadata entry "models" holds, for each model, the config.json that diffusers writes and the names of its tensors in
older and other formats; a name with a list is the rows of these tensors together.
"""

import json
import re

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, DiTTransformer2DModel
from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

ROWS, COLUMNS, BATCH = 8, 12, 2

# --- Networks ---------------------------------------------------------------------------------------------------------


def kl(widths, **settings):
    count = len(widths)
    return AutoencoderKL(block_out_channels=widths, down_block_types=["DownEncoderBlock2D"] * count,
                         up_block_types=["UpDecoderBlock2D"] * count, in_channels=3, out_channels=3, **settings)


def transformer():
    """With the original's frequencies and norms, which diffusers changed, and one embedder for all blocks, as in every
    converted checkpoint. It predicts variances as well."""
    model = DiTTransformer2DModel(num_attention_heads=2, attention_head_dim=6, in_channels=2, out_channels=4, num_layers=2,
                                  sample_size=ROWS, patch_size=2, num_embeds_ada_norm=3)
    first = model.transformer_blocks[0].norm1.emb
    first.time_proj.downscale_freq_shift = 0
    for block in model.transformer_blocks:
        block.norm1.emb = first
        block.norm3.eps = 1e-6
    return model


def networks():
    yield "kl", kl([4, 8], norm_num_groups=2, scaling_factor=0.5, shift_factor=0.25, latent_channels=2)
    yield "plain", kl([4, 4, 8], norm_num_groups=4, layers_per_block=2, latent_channels=3, use_quant_conv=False,
                      use_post_quant_conv=False, mid_block_add_attention=False, latents_mean=[0.5, 0.0, -1.0],
                      latents_std=[1.0, 2.0, 0.5], scaling_factor=1.0)
    yield "tiny", AutoencoderTiny(encoder_block_out_channels=[4, 4], decoder_block_out_channels=[4, 4],
                                  num_encoder_blocks=[1, 2], num_decoder_blocks=[2, 1], latent_channels=2)
    yield "dit", transformer()


def randomise(model, generator):
    """Norms and biases too: their initial 1 and 0 would hide a mistake."""
    with torch.no_grad():
        for p in model.parameters():
            p += 0.2 * torch.randn(p.shape, generator=generator)
    return model.eval()


# --- Names ------------------------------------------------------------------------------------------------------------


def old_attention(name):
    for new, old in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
        name = name.replace(f"attentions.0.{new}.", f"attentions.0.{old}.")
    return name


def ldm(name, levels):
    """The name of a tensor in a checkpoint of CompVis/latent-diffusion."""
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = name.replace("mid_block.resnets.0", "mid.block_1").replace("mid_block.resnets.1", "mid.block_2")
    for new, old in (("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v"), ("to_out.0", "proj_out")):
        name = name.replace(f"mid_block.attentions.0.{new}.", f"mid.attn_1.{old}.")
    name = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d+)\.resnets", lambda m: f"up.{levels - 1 - int(m[1])}.block", name)
    return re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda m: f"up.{levels - 1 - int(m[1])}.upsample", name)


def check_ldm(model, names):
    """diffusers reads these names as the same tensors."""
    weights = model.state_dict()
    foreign = {f"first_stage_model.{names[key]}": w[..., None, None] if "mid.attn_1" in names[key] and w.ndim == 2 else w
               for key, w in weights.items()}
    converted = convert_ldm_vae_checkpoint(foreign, dict(model.config))
    assert converted.keys() == weights.keys()
    assert all(torch.equal(converted[key].reshape(w.shape), w) for key, w in weights.items())


def autoencoder_names(model):
    names = list(model.state_dict())
    of_ldm = {name: ldm(name, len(model.config.block_out_channels)) for name in names}
    check_ldm(model, of_ldm)
    return {"old": {name: old_attention(name) for name in names}, "ldm": of_ldm}


BLOCK = {"adaLN_modulation.1": "norm1.linear", "attn.proj": "attn1.to_out.0", "mlp.fc1": "ff.net.0.proj", "mlp.fc2": "ff.net.2"}


def original_names(depth):
    """Names of facebookresearch/DiT."""
    emb = "transformer_blocks.0.norm1.emb."
    modules = {"x_embedder.proj": "pos_embed.proj", "t_embedder.mlp.0": emb + "timestep_embedder.linear_1",
               "t_embedder.mlp.2": emb + "timestep_embedder.linear_2", "final_layer.adaLN_modulation.1": "proj_out_1",
               "final_layer.linear": "proj_out_2"}
    for i in range(depth):
        modules |= {f"blocks.{i}.{name}": f"transformer_blocks.{i}.{other}" for name, other in BLOCK.items()}
        modules[f"blocks.{i}.attn.qkv"] = [f"transformer_blocks.{i}.attn1.to_{part}" for part in "qkv"]
    names = {"y_embedder.embedding_table.weight": emb + "class_embedder.embedding_table.weight"}
    for name, other in modules.items():
        for end in (".weight", ".bias"):
            names[name + end] = [part + end for part in other] if isinstance(other, list) else other + end
    return names


# --- Values -----------------------------------------------------------------------------------------------------------


def last(x):
    return x.movedim(1, -1).float()


def run_autoencoder(model, generator):
    x = 2 * torch.rand((BATCH, 3, ROWS, COLUMNS), generator=generator) - 1
    z = model.encoder(x.double())
    z = z if getattr(model, "quant_conv", None) is None else model.quant_conv(z)
    latent = torch.randn((BATCH, model.config.latent_channels, *z.shape[2:]), generator=generator)
    return {"x": last(x), "moments": last(z), "z": last(latent), "picture": last(model.decode(latent.double()).sample)}


def run_transformer(model, generator):
    x = torch.randn((BATCH, 2, ROWS, ROWS), generator=generator)
    t, labels = torch.tensor([0.125, 0.75]), torch.tensor([1, 3])
    y = model(x.double(), timestep=1000 * t, class_labels=labels).sample
    return {"x": last(x), "t": t, "labels": labels.int(), "velocity": last(y[:, :2]),
            "positions": model.pos_embed.pos_embed.float()}


def describe(name, model):
    config = {"_class_name": type(model).__name__} | \
        {key: value for key, value in model.config.items() if not key.startswith("_")}
    if name == "dit":
        return {"config": config, "original": original_names(model.config.num_layers)}
    return {"config": config} | (autoencoder_names(model) if name != "tiny" else {})


def tensors():
    """The tensors, and the metadata."""
    torch.manual_seed(2024)  # of the weights that networks begin with
    generator, result, models = torch.Generator().manual_seed(2024), {}, {}
    for name, model in networks():
        randomise(model, generator)
        models[name] = describe(name, model)
        weights = {f"weight/{key}": w.float().clone() for key, w in model.state_dict().items()}
        run = run_transformer if name == "dit" else run_autoencoder
        with torch.no_grad():
            values = run(model.double(), generator)
        result |= {f"{name}/{key}": value for key, value in (weights | values).items()}
    return result, {"models": json.dumps(models, sort_keys=True)}
