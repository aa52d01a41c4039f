"""Which device, and which arithmetic on it."""

import ctypes
import sys

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
            "there is no device {name!r} here; use compute.device=auto or cpu", name=name
        ) from None
    return device


def pick_dtype(name: str, device: torch.device) -> torch.dtype | None:
    """The denoiser's arithmetic: None is float32.

    ``auto`` is bfloat16 on GPUs and on CPUs with instructions for it: matrix units (AMX) or AVX-512's dot products. On other
    CPUs oneDNN's bfloat16 convolutions are far slower than its float32 ones (``soundini doctor`` times the network).
    """
    if name == "bfloat16":
        return torch.bfloat16
    if name == "float32":
        return None
    if device.type == "cuda":
        return torch.bfloat16
    units = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    has_units = any(getattr(torch.cpu, unit, bool)() for unit in units)
    return torch.bfloat16 if has_units else None


def pick_memory_format(device: torch.device) -> torch.memory_format:
    """How a convolutional network's tensors should lie in memory.

    Channels last, but on CPUs without AVX-512: there oneDNN's float32 convolutions of plain tensors take about three
    quarters of the time, forward and backward.
    """
    plain = device.type == "cpu" and torch.backends.cpu.get_cpu_capability() in ("DEFAULT", "AVX2")
    return torch.contiguous_format if plain else torch.channels_last


def return_memory() -> None:
    """Give back to the system what the C library keeps of freed memory, where it has a way to (glibc).

    Tensors of many sizes leave gaps that no later one fills; a long job would grow by them.
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
