"""Writing safetensors one tensor at a time, in the memory of the largest."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from soundini.weights.layout import Shape

_NAMES = {
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float64: "F64",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.bool: "BOOL",
}


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
