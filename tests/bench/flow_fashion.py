"""recipes/flow_fashion.lua in PyTorch: the same network, objective, optimiser, schedule, average and sampler on the same
pictures, for a given wall time; what it draws is scored by neap itself:

    python3 tests/bench/flow_fashion.py --minutes 10 --precision bf16 --out samples.npy
    neap eval runs/flow_fashion --samples samples.npy

The step of the schedule follows the time that is left, so that the learning rate comes down to its end whatever the
machine. Sample i has class i modulo 10.
"""

import argparse
import contextlib
import gzip
import json
import math
import pathlib
import time

import numpy
import torch
import torch.nn.functional as F
from torch import nn

SIDE, CLASSES, TIME_FEATURES = 28, 10, 256


def arguments():
    parser = argparse.ArgumentParser(description="Flow matching on Fashion-MNIST in PyTorch.")
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--patch", type=int, default=4)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--ema", type=float, default=0.998)
    parser.add_argument("--warmup", type=int, default=100)
    parser.add_argument("--label-dropout", type=float, default=0.1)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="bf16")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=10000)
    parser.add_argument("--steps", type=int, default=50, help="Euler steps of a sample")
    parser.add_argument("--w", type=float, default=1, help="guidance: 0 is none")
    parser.add_argument("--out", default="samples.npy")
    return parser.parse_args()


def load(folder):
    """Pictures f32 [N, 1, 28, 28] in [-1, 1] and labels of the training set, from their IDX files."""
    folder = pathlib.Path(folder)
    with gzip.open(folder / "train-images-idx3-ubyte.gz") as file:
        pixels = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 1, SIDE, SIDE)
    with gzip.open(folder / "train-labels-idx1-ubyte.gz") as file:
        labels = numpy.frombuffer(file.read(), numpy.uint8, offset=8)
    return torch.from_numpy(pixels / numpy.float32(127.5) - 1), torch.from_numpy(labels.astype(numpy.int64))


# --- The network: a diffusion transformer with adaLN-Zero -------------------------------------------------------------


def time_features(t):
    angles = 1000 * t[:, None] * torch.exp(torch.arange(TIME_FEATURES // 2) * (-math.log(1e4) / (TIME_FEATURES // 2)))
    return torch.cat([angles.cos(), angles.sin()], 1)


def positions(side, width):
    """Sines and cosines of row and column, half of the width each."""
    rates = torch.exp(torch.arange(width // 4) * (-math.log(1e4) / (width // 4)))
    angles = torch.arange(side)[:, None] * rates
    line = torch.cat([angles.sin(), angles.cos()], 1)
    columns, rows = line.repeat(side, 1), line.repeat_interleave(side, 0)
    return torch.cat([columns, rows], 1)


def modulate(x, shift, scale):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + scale[:, None]) + shift[:, None]


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.modulation = nn.Linear(width, 6 * width)

    def attend(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))

    def forward(self, x, c):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(c).chunk(6, 1)
        x = x + gate1[:, None] * self.attend(modulate(x, shift1, scale1))
        h = F.gelu(self.fc1(modulate(x, shift2, scale2)), approximate="tanh")
        return x + gate2[:, None] * self.fc2(h)


class DiT(nn.Module):
    def __init__(self, patch, width, depth, heads):
        super().__init__()
        self.patch = patch
        self.embed = nn.Linear(patch * patch, width)
        self.time = nn.Sequential(nn.Linear(TIME_FEATURES, width), nn.SiLU(), nn.Linear(width, width))
        self.labels = nn.Embedding(CLASSES + 1, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.modulation, self.final = nn.Linear(width, 2 * width), nn.Linear(width, patch * patch)
        self.register_buffer("positions", positions(SIDE // patch, width))
        self.initialise()

    def initialise(self):
        for layer in (m for m in self.modules() if isinstance(m, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        for layer in (self.time[0], self.time[2], self.labels):
            nn.init.normal_(layer.weight, std=0.02)
        for layer in (*(block.modulation for block in self.blocks), self.modulation, self.final):
            nn.init.zeros_(layer.weight)

    def forward(self, x, t, labels):
        side = SIDE // self.patch
        patches = F.unfold(x, self.patch, stride=self.patch).transpose(1, 2)
        h = self.embed(patches) + self.positions
        c = F.silu(self.time(time_features(t)) + self.labels(labels))
        for block in self.blocks:
            h = block(h, c)
        h = self.final(modulate(h, *self.modulation(c).chunk(2, 1)))
        return F.fold(h.transpose(1, 2), (side * self.patch,) * 2, self.patch, stride=self.patch)


# --- Training ---------------------------------------------------------------------------------------------------------


def autocast(o):
    return torch.autocast("cpu", torch.bfloat16) if o.precision == "bf16" else contextlib.nullcontext()


def batches(x, labels, batch):
    while True:
        for rows in torch.randperm(len(x)).split(batch):
            if len(rows) == batch:
                yield x[rows], labels[rows]


def loss_of(model, x, labels, o):
    t, z = torch.sigmoid(torch.randn(len(x))), torch.randn_like(x)
    labels = torch.where(torch.rand(len(x)) < o.label_dropout, CLASSES, labels)
    at = t[:, None, None, None]
    with autocast(o):
        v = model((1 - at) * x + at * z, t, labels)
    return F.mse_loss(v.float(), z - x)


def train(o, x, labels):
    model = DiT(o.patch, o.width, o.depth, o.heads)
    average = DiT(o.patch, o.width, o.depth, o.heads)
    average.load_state_dict(model.state_dict())
    optimiser = torch.optim.AdamW(model.parameters(), o.lr, betas=(0.9, 0.999), weight_decay=0, fused=True)
    run = torch.compile(model) if o.compile else model
    stream, step = batches(x, labels, o.batch), 0
    if o.compile:  # before the clock: compilation is not charged
        loss_of(run, *next(stream), o).backward()
        optimiser.zero_grad()
    start = time.monotonic()
    while (share := (time.monotonic() - start) / (60 * o.minutes)) < 1:
        step += 1
        optimiser.param_groups[0]["lr"] = o.lr * min(step / o.warmup, 0.5 + 0.5 * math.cos(math.pi * share))
        loss = loss_of(run, *next(stream), o)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimiser.step()
        decay = min(o.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
    seconds = time.monotonic() - start
    print(json.dumps({"steps": step, "seconds": round(seconds, 1), "loss": round(loss.item(), 4)}), flush=True)
    return average


# --- Sampling ---------------------------------------------------------------------------------------------------------


@torch.inference_mode()
def sample(o, model, labels):
    x = torch.randn(len(labels), 1, SIDE, SIDE)
    both = torch.cat([labels, torch.full_like(labels, CLASSES)])
    for step in range(o.steps):
        t = torch.full((len(both),), 1 - step / o.steps)
        with autocast(o):
            given, none = model(torch.cat([x, x]), t, both).float().chunk(2)
        x = x - ((1 + o.w) * given - o.w * none) / o.steps
    return x.clamp(-1, 1)


def main():
    o = arguments()
    torch.manual_seed(o.seed)
    if o.threads:
        torch.set_num_threads(o.threads)
    model = train(o, *load(o.data))
    labels = torch.arange(o.samples) % CLASSES
    x = torch.cat([sample(o, model, part) for part in labels.split(500)])
    numpy.save(o.out, x.permute(0, 2, 3, 1).contiguous().numpy())
    print(o.out)


if __name__ == "__main__":
    main()
