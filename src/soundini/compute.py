"""Which device, and which arithmetic on it."""

from __future__ import annotations

import torch

from soundini.errors import ConfigError


def pick_device(name: str = "auto") -> torch.device:
    """The device a name means; ``auto`` is CUDA where present, else the CPU.

    Raises:
        ConfigError: the name is no device, or the device is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):
        raise ConfigError(
            f"there is no device {name!r} here; use compute.device=auto or cpu"
        ) from None
    return device


def pick_dtype(name: str, device: torch.device) -> torch.dtype | None:
    """The denoiser's arithmetic: None is float32.

    ``auto`` is bfloat16 on GPUs and on CPUs with matrix units for it (AMX). AVX-512 alone does not pay: its bfloat16
    products are no faster than float32 ones here (``bench/dtype.py`` measures it).
    """
    if name == "bfloat16":
        return torch.bfloat16
    if name == "float32":
        return None
    if device.type == "cuda":
        return torch.bfloat16
    return torch.bfloat16 if torch.cpu._is_amx_tile_supported() else None
