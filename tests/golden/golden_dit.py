"""A small diffusion transformer with adaLN-Zero (Peebles and Xie 2023) and ten steps of its training.

Names and layouts are those of plugins/architecture/dit.c: pictures [B, H, W, C], t in [0, 1], x_t = (1 - t) x + t z,
v = z - x. The picture is not square and the widths are no multiples of a vector's, so that no axis can be taken for
another. Every weight is random, those too that begin at zero: zeros would hide what stands behind a gate.
"""

import math

import torch
import torch.nn.functional as F

CONFIG = {"rows": 6, "columns": 8, "channels": 2, "patch": 2, "width": 12, "depth": 2, "heads": 2, "classes": 3,
          "mlp_ratio": 2.5}
ROWS, COLUMNS, CHANNELS, PATCH, WIDTH, DEPTH, HEADS, CLASSES, MLP_RATIO = CONFIG.values()
TIME_FEATURES = 256
EPS = 1e-6

BATCH, STEPS = 3, 10
# The norm of the gradients lies below `clip` in some steps and above it in others, the warm-up of the average below
# `ema` in the first five alone; an eps of this size shows where it stands beside the root.
ADAMW = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.95, "eps": 1e-4, "weight_decay": 0.01, "clip": 2.8, "ema": 0.7}

# --- The network ------------------------------------------------------------------------------------------------------


def linear_shapes():
    inner, pixels = int(WIDTH * MLP_RATIO), PATCH * PATCH * CHANNELS
    yield "x_embedder.proj", WIDTH, pixels
    yield "t_embedder.mlp.0", WIDTH, TIME_FEATURES
    yield "t_embedder.mlp.2", WIDTH, WIDTH
    for i in range(DEPTH):
        yield f"blocks.{i}.attn.qkv", 3 * WIDTH, WIDTH
        yield f"blocks.{i}.attn.proj", WIDTH, WIDTH
        yield f"blocks.{i}.mlp.fc1", inner, WIDTH
        yield f"blocks.{i}.mlp.fc2", WIDTH, inner
        yield f"blocks.{i}.adaLN_modulation.1", 6 * WIDTH, WIDTH
    yield "final_layer.adaLN_modulation.1", 2 * WIDTH, WIDTH
    yield "final_layer.linear", pixels, WIDTH


def uniform(generator, bound, *shape):
    return bound * (2 * torch.rand(shape, generator=generator) - 1)


def random_weights(generator):
    weights = {"y_embedder.embedding_table.weight": uniform(generator, 1, CLASSES + 1, WIDTH)}
    for name, outputs, inputs in linear_shapes():
        weights[f"{name}.weight"] = uniform(generator, math.sqrt(3 / inputs), outputs, inputs)
        weights[f"{name}.bias"] = uniform(generator, 0.3, outputs)
    return weights


def time_features(t):
    """The angle is a float32, in neap as in the published code: near 1000 its last bit is worth 6e-5."""
    half = TIME_FEATURES // 2
    rate = 1000 * torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float64) / half)
    angle = (t.float()[:, None] * rate.float()).double()
    return torch.cat([angle.cos(), angle.sin()], 1)


def positions():
    """Half the channels for the column, then half for the row; each sines, then cosines."""
    omega = 10000 ** (-torch.arange(WIDTH // 4, dtype=torch.float64) * 4 / WIDTH)
    row, column = torch.meshgrid(torch.arange(ROWS // PATCH), torch.arange(COLUMNS // PATCH), indexing="ij")
    angles = [axis.reshape(-1, 1) * omega for axis in (column, row)]
    return torch.cat([part for a in angles for part in (a.sin(), a.cos())], 1)


def patches(x):
    x = x.unflatten(1, (-1, PATCH)).unflatten(3, (-1, PATCH))
    return x.transpose(2, 3).flatten(3).flatten(1, 2)


def picture(tokens):
    x = tokens.unflatten(1, (ROWS // PATCH, COLUMNS // PATCH)).unflatten(3, (PATCH, PATCH, CHANNELS))
    return x.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def velocity(w, x, t, labels):
    def linear(name, x):
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(x, shift, scale):
        return F.layer_norm(x, x.shape[-1:], eps=EPS) * (1 + scale[:, None]) + shift[:, None]

    def attention(qkv):
        q, k, v = (x.unflatten(-1, (HEADS, -1)).transpose(1, 2) for x in qkv.chunk(3, -1))
        weights = torch.softmax(q @ k.mT / math.sqrt(WIDTH // HEADS), -1)
        return (weights @ v).transpose(1, 2).flatten(2)

    c = linear("t_embedder.mlp.2", F.silu(linear("t_embedder.mlp.0", time_features(t))))
    c = F.silu(c + w["y_embedder.embedding_table.weight"][labels])
    h = linear("x_embedder.proj", patches(x)) + positions()
    for i in range(DEPTH):
        m = linear(f"blocks.{i}.adaLN_modulation.1", c).chunk(6, 1)
        a = attention(linear(f"blocks.{i}.attn.qkv", norm(h, m[0], m[1])))
        h = h + m[2][:, None] * linear(f"blocks.{i}.attn.proj", a)
        a = F.gelu(linear(f"blocks.{i}.mlp.fc1", norm(h, m[3], m[4])), approximate="tanh")
        h = h + m[5][:, None] * linear(f"blocks.{i}.mlp.fc2", a)
    shift, scale = linear("final_layer.adaLN_modulation.1", c).chunk(2, 1)
    return picture(linear("final_layer.linear", norm(h, shift, scale)))


def loss_of(w, x, z, t, labels):
    x, z, t = x.double(), z.double(), t.double()
    mix = t[:, None, None, None]
    return F.mse_loss(velocity(w, (1 - mix) * x + mix * z, t, labels.long()), z - x)


# --- Values and gradients ---------------------------------------------------------------------------------------------


def batches(generator, *leading):
    shape = (*leading, BATCH, ROWS, COLUMNS, CHANNELS)
    return {"x": uniform(generator, 1, *shape), "z": uniform(generator, 2, *shape),
            "t": torch.rand((*leading, BATCH), generator=generator),
            "labels": torch.randint(CLASSES + 1, (*leading, BATCH), generator=generator, dtype=torch.int32)}


def leaves(weights):
    return {name: w.double().requires_grad_() for name, w in weights.items()}


def single(prefix, tensors):
    return {prefix + name: x.detach().float() for name, x in tensors.items()}


def evaluate(weights, batch):
    w = leaves(weights)
    loss = loss_of(w, **batch)
    loss.backward()
    field = velocity(w, batch["x"].double(), batch["t"].double(), batch["labels"].long())
    return {"loss": loss, "velocity": field} | single("grad.", {name: x.grad for name, x in w.items()})


# --- Training ---------------------------------------------------------------------------------------------------------


def clip(parameters):
    """By neap's rule: PyTorch's own adds 1e-6 to the norm."""
    norm = torch.nn.utils.get_total_norm([p.grad for p in parameters])
    for p in parameters:
        p.grad *= min(1, ADAMW["clip"] / norm)
    return norm


def train(weights, batch, lr_scale):
    w = leaves(weights)
    average = {name: p.detach().clone() for name, p in w.items()}
    optimizer = torch.optim.AdamW(w.values(), lr=ADAMW["lr"], betas=(ADAMW["beta1"], ADAMW["beta2"]), eps=ADAMW["eps"],
                                  weight_decay=ADAMW["weight_decay"])
    losses, norms = [], []
    for i in range(STEPS):
        optimizer.zero_grad()
        losses.append(loss_of(w, **{key: value[i] for key, value in batch.items()}))
        losses[-1].backward()
        norms.append(clip(w.values()))
        optimizer.param_groups[0]["lr"] = ADAMW["lr"] * lr_scale[i].item()
        optimizer.step()
        decay = min(ADAMW["ema"], 1 - (i + 2) ** (-2 / 3))
        for name, p in w.items():
            average[name] += (1 - decay) * (p.detach() - average[name])
    state = {name: optimizer.state[p] for name, p in w.items()}
    return {"train.loss": torch.stack(losses), "train.norm": torch.stack(norms)} | single("final.", w) | \
        single("moment1.", {name: s["exp_avg"] for name, s in state.items()}) | \
        single("moment2.", {name: s["exp_avg_sq"] for name, s in state.items()}) | single("ema.", average)


def settings(prefix, values):
    return {prefix + name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}


def tensors():
    generator = torch.Generator().manual_seed(2023)
    weights, batch, steps = random_weights(generator), batches(generator), batches(generator, STEPS)
    batch["labels"] = torch.tensor([0, CLASSES, 2], dtype=torch.int32)  # one of them is the null class
    lr_scale = torch.tensor([min(1, (i + 1) / 4) for i in range(STEPS)], dtype=torch.float64)
    result = settings("config.", CONFIG) | settings("adamw.", ADAMW) | single("weight.", weights)
    result |= batch | evaluate(weights, batch)
    result |= {f"train.{key}": value for key, value in steps.items()} | {"train.lr_scale": lr_scale}
    return result | train(weights, steps, lr_scale)
