"""Files that are checked before use: written durably, with a hash of their content."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from soundini.media.output import write_durably


def write_sealed(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors and facts to a safetensors file that says its own hash.

    Args:
        path: the file.
        tensors: what to write, on any device.
        facts: anything that JSON can hold.

    Raises:
        MediaError: the disk is full, or cannot be written to.
    """
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(facts)
    seal = {"facts": text, "sha256": _digest(stored, text)}
    write_durably(path, save(stored, metadata=seal))


def read_sealed(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The tensors (on the CPU) and the facts of a file; None where it is damaged or was not written here.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        return None
    try:
        with safe_open(path, "pt") as file:
            seal = file.metadata() or {}
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 -- no mapping
    except FileNotFoundError:
        raise
    except (SafetensorError, OSError, ValueError):
        return None
    text = seal.get("facts", "")
    try:
        if seal.get("sha256") != _digest(tensors, text):
            return None
        facts = json.loads(text)
    except (TypeError, ValueError, RecursionError):  # written by another program
        return None
    return (tensors, facts) if isinstance(facts, dict) else None


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"\n{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
