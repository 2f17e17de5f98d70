"""One tensor of each dtype that neap reads, and one whose value it refuses; test_golden_types.c knows the values."""

import torch

METADATA = {"written by": 'safetensors, "\u00e9\u4e16"'}


def tensors():
    infinity, nan = float("inf"), float("nan")
    return {
        "f16": torch.tensor([1 / 3, -0.0, 65504, 2.0**-14, 2.0**-24, 3 * 2.0**-24, infinity, -infinity, nan]).half(),
        "bf16": torch.tensor([1 / 3, -0.0, 3e38, 1e-40, infinity, -infinity, nan]).bfloat16(),
        "f32": torch.tensor([[1 / 3, 1e-40], [3e38, -0.0]]),
        "f64": torch.tensor([1 / 3, 5e-324], dtype=torch.float64),
        "i64": torch.tensor([[0, -1, 2**31 - 1, -(2**31)]]),
        "i64.large": torch.tensor([2**31]),
        "i32": torch.tensor([7, -(2**31)], dtype=torch.int32),
        "u8": torch.tensor([0, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "i16": torch.tensor([1], dtype=torch.int16),
        "scalar": torch.tensor(2.5),
        "scalar.i64": torch.tensor(-3),
        "scalar.f16": torch.tensor(0.5).half(),
        "empty": torch.empty(0, 3),
    }
