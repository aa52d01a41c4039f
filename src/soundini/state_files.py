"""Reading a state dict safely."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from soundini.errors import ModelError


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a state dict onto the CPU, never running code from the file.

    Args:
        path: ``.safetensors``, or a state dict written by ``torch.save``.

    Raises:
        ModelError: The file is missing, unreadable, or holds anything but named tensors.
    """
    if not path.is_file():
        raise ModelError(f"There is no weight file {path}: check the path or fetch the weights.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file fails in the parser, in any way a parser can
        # torch's own message would advise loading the file unsafely
        raise ModelError(
            f"{path} cannot be read as plain weights: fetch it again, or save only its state dict."
        ) from error
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ModelError(f"{path} is not a state dict of tensors: save only the weights.")
    return dict(state)
