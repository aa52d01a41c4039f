"""Reading any checkpoint as named tensors, never running code from the file."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from soundini.errors import ModelError
from soundini.state_files import named_tensors, read_stored
from soundini.weights.torchscript import is_torchscript, read_torchscript

SUFFIXES = (".safetensors", ".pt", ".pth", ".ckpt", ".bin")
NOTE = "soundini"
"""Key of the note that soundini leaves in the header of a safetensors file."""

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_VIPANT_AUDIO = 1
"""VIP-ANT keeps a tuple of state dicts: of pictures, sounds, words and losses."""


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read a checkpoint onto the CPU; large files are mapped rather than copied.

    What :func:`soundini.state_files.read_stored` reads, or a TorchScript archive, see
    :mod:`soundini.weights.torchscript`. A dict under ``state_dict`` or ``model`` is found, and in VIP-ANT's file that of the
    audio tower.

    Args:
        path: the file.

    Raises:
        ModelError: the file is missing, damaged, or holds anything but named tensors.
    """
    if path.suffix != ".safetensors" and path.is_file() and is_torchscript(path):
        return read_torchscript(path)
    stored = read_stored(path)
    for name in _WRAPPERS:
        if not isinstance(stored, dict):
            break
        inner = stored.get(name)
        if isinstance(inner, tuple) and len(inner) > _VIPANT_AUDIO:
            inner = inner[_VIPANT_AUDIO]
        if isinstance(inner, dict):
            stored = inner
    return named_tensors(stored, path)


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
        raise ModelError("{file} cannot be read as weights: fetch it again", file=path) from error
