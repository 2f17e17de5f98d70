"""Makes the files that the golden tests compare neap with: values, gradients and training steps by PyTorch.

    pip install torch==2.13.0 diffusers==0.42.1 safetensors numpy
    python3 tests/golden/make_golden.py

writes ops.safetensors, dit.safetensors, cross.safetensors, types.safetensors, vae.safetensors and joint.safetensors beside this
script, the same bytes each time on one machine. They are committed, so that building and testing neap needs no Python.

PyTorch computes in float64 from inputs that float32 holds exactly; so what separates a result of neap from the one in
the file is neap's own rounding. Settings stand in the files as tensors of rank 0 or 1, not as metadata: the writer
keeps no order among metadata keys.
"""

import os
import sys

# The same code on every processor, and no folder of compiled modules left in the sources.
os.environ["ATEN_CPU_CAPABILITY"] = "default"
os.environ["MKL_CBWR"] = "COMPATIBLE"
sys.dont_write_bytecode = True

import torch
from safetensors.torch import save_file

import golden_cross
import golden_dit
import golden_joint
import golden_ops
import golden_types
import golden_vae

FOLDER = os.path.dirname(os.path.abspath(__file__))
MOST_BYTES = 1_200_000


def write(name, tensors, metadata=None):
    path = os.path.join(FOLDER, name)
    save_file({key: value.detach().contiguous() for key, value in tensors.items()}, path, metadata)
    size = os.path.getsize(path)
    print(f"{name}: {len(tensors)} tensors, {size} bytes")
    return size


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    size = write("ops.safetensors", golden_ops.tensors())
    size += write("dit.safetensors", golden_dit.tensors())
    size += write("cross.safetensors", *golden_cross.tensors())
    size += write("types.safetensors", golden_types.tensors(), golden_types.METADATA)
    size += write("vae.safetensors", *golden_vae.tensors())
    size += write("joint.safetensors", *golden_joint.tensors())
    if size > MOST_BYTES:
        sys.exit(f"expected at most {MOST_BYTES} bytes, got {size}")


if __name__ == "__main__":
    main()
