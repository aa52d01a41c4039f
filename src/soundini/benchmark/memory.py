"""How much memory a job takes at its highest."""

from __future__ import annotations

from pathlib import Path

import torch

from soundini.compute import return_memory

_FORGET, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
_RESET_HIGH_WATER = "5"
_MARK = "VmHWM:"


class PeakMemory:
    """The high-water marks of this process between entering and leaving a ``with`` block.

    Resident memory counts what the process holds in all: Python, libraries and models too, the same for every job. Its mark is
    the kernel's own (``VmHWM``), set back to what is resident on entering (Linux, ``/proc/self/clear_refs``; proc(5)), after what
    earlier jobs have freed is given back. Where it cannot be set back there is no figure: the mark of the whole process
    would be that of the greediest job so far. On CUDA the memory of tensors is told too, as torch's allocator counts it.

    Args:
        device: where the models run.

    Attributes:
        resident: bytes, or None.
        on_device: bytes, or None but on CUDA.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.resident: int | None = None
        self.on_device: int | None = None

    def __enter__(self) -> PeakMemory:
        return_memory()
        self._counts = _set_back()
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        return self

    def __exit__(self, *_: object) -> None:
        if self._counts:
            self.resident = _high_water()
        if self._device.type == "cuda":
            self.on_device = torch.cuda.max_memory_allocated(self._device)


def _set_back() -> bool:
    try:
        _FORGET.write_text(_RESET_HIGH_WATER)
    except OSError:
        return False
    return True


def _high_water() -> int | None:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(_MARK):
            return int(line.split()[1]) * 1024
    return None
