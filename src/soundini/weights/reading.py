"""Reading any checkpoint as named tensors, never running code from the file."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from soundini.errors import ModelError
from soundini.weights.torchscript import is_torchscript, read_torchscript

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin")
NOTE = "soundini"
"""Key of the note that soundini leaves in the header of a safetensors file."""

_WRAPPERS = ("state_dict", "model_state_dict", "model")


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read a checkpoint onto the CPU; large files are mapped rather than copied.

    safetensors; what ``torch.save`` writes, with ``weights_only=True``; or a TorchScript archive,
    see :mod:`soundini.weights.torchscript`. A dict under ``state_dict`` or ``model`` is found.

    Args:
        path: the file.

    Raises:
        ModelError: the file is missing, damaged, or holds anything but named tensors.
    """
    if not path.is_file():
        raise ModelError(f"there is no checkpoint {path}; check the path")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        if is_torchscript(path):
            return read_torchscript(path)
        mapped = zipfile.is_zipfile(path)  # a legacy file cannot be mapped
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except ModelError:
        raise
    except pickle.UnpicklingError as error:
        # torch's own message would advise loading the file unsafely
        raise ModelError(
            f"{path} is no plain weight file: it is damaged, or carries code (none was run); "
            "get it from its official address"
        ) from error
    except (SafetensorError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise ModelError(f"{path} cannot be read as weights: fetch it again") from error
    for name in _WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(name), dict):
            state = state[name]
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ModelError(f"{path} is not a state dict of tensors; save only the weights")
    return {str(key): value for key, value in state.items()}


def read_note(path: Path) -> str:
    """Read what soundini noted in a safetensors file, such as that its weights are random; else "".

    Raises:
        ModelError: the file is damaged.
    """
    if path.suffix != ".safetensors":
        return ""
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get(NOTE, "")
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} cannot be read as weights: fetch it again") from error
