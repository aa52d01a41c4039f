"""How much memory a job takes at its highest."""

from __future__ import annotations

import torch

from soundini.compute import return_memory
from soundini.editing.memory import high_water, reset_high_water


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
        self._counts = reset_high_water()
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        return self

    def __exit__(self, *_: object) -> None:
        if self._counts:
            self.resident = high_water()
        if self._device.type == "cuda":
            self.on_device = torch.cuda.max_memory_allocated(self._device)
