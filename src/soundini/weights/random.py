"""Random weights of the true sizes: a stand-in where a checkpoint cannot be had."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from soundini.diffusion.noise import stable_seed
from soundini.weights.layout import Layout, Shape
from soundini.weights.reading import NOTE
from soundini.weights.writing import write_safetensors

_COUNTERS = ("num_batches_tracked", "relative_position_index")


def random_tensors(
    layout: Layout, seed: int = 0, dtype: torch.dtype = torch.float32
) -> Iterator[tuple[str, Tensor]]:
    """Draw one tensor after the other; each depends on the seed and its own key only.

    Matrices and kernels have variance 1 / fan-in, so that activations keep their size; norms and
    biases do nearly nothing. The network computes noise, but finite noise of the right magnitude.

    Args:
        layout: key and shape of every tensor.
        seed: names the weights.
        dtype: of the floating-point tensors.

    Yields:
        Key and tensor, in the order of the layout.
    """
    for key, shape in layout.items():
        if key.endswith(_COUNTERS):
            yield key, torch.zeros(shape, dtype=torch.int64)
        else:
            yield key, _draw(key, tuple(shape), seed).to(dtype)


def write_random(
    path: Path, layout: Layout, seed: int = 0, dtype: torch.dtype = torch.float32
) -> Path:
    """Write random weights as safetensors, holding one tensor in memory at a time.

    The same seed gives the same bytes with the same torch.

    Args:
        path: the ``.safetensors`` file to write.
        layout: key and shape of every tensor.
        seed: names the weights.
        dtype: of the floating-point tensors.
    """
    entries = {
        key: (tuple(shape), torch.int64 if key.endswith(_COUNTERS) else dtype)
        for key, shape in layout.items()
    }
    note = {NOTE: f"random weights, seed {seed}"}
    return write_safetensors(path, entries, random_tensors(layout, seed, dtype), note)


def _draw(key: str, shape: Shape, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(stable_seed(seed, *key.encode()))
    noise = torch.randn(shape, generator=generator)
    last = key.rsplit(".", 1)[-1]
    if not shape or last == "running_var":
        return noise.abs() * 0.1 + 1.0
    if key.endswith(".model.1.weight"):  # the channel weights of LPIPS are never negative
        return noise.abs() / shape[1]
    if last == "attn_mask":
        return torch.zeros(shape)
    if last == "weight" and len(shape) == 1:
        return 1.0 + 0.1 * noise
    if len(shape) == 1:
        return 0.1 * noise
    return noise / math.sqrt(max(math.prod(shape[1:]), 1))
