"""Writing weights as safetensors; and random weights of the true sizes, a stand-in where a checkpoint cannot be had."""

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from soundini.diffusion.noise import stable_seed
from soundini.weights.reading import NOTE, Layout, Shape

_NAMES = {
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float64: "F64",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.bool: "BOOL",
}
_COUNTERS = ("num_batches_tracked", "relative_position_index")


def write_safetensors(
    path: Path,
    entries: Mapping[str, tuple[Shape, torch.dtype]],
    tensors: Iterable[tuple[str, Tensor]],
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write a safetensors file; it appears under its name when it is whole.

    Args:
        path: the file to write; its folder is made.
        entries: shape and dtype of every tensor.
        tensors: key and tensor, in the order of ``entries``.
        metadata: notes for the header.
    """
    header: dict[str, object] = {"__metadata__": dict(metadata or {})}
    offset = 0
    for key, (shape, dtype) in entries.items():
        end = offset + math.prod(shape) * dtype.itemsize
        header[key] = {
            "dtype": _NAMES[dtype],
            "shape": list(shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for (key, (shape, dtype)), (name, tensor) in zip(entries.items(), tensors, strict=True):
                if key != name or tuple(tensor.shape) != tuple(shape) or tensor.dtype != dtype:
                    raise ValueError(f"{name} does not follow the header, which says {key}")
                flat = tensor.detach().contiguous().reshape(-1).view(torch.uint8)
                file.write(flat.numpy().data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a small text file by atomic rename; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


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
