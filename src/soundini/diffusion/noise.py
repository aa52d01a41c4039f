"""Noise that is a function of (seed, frame index), whatever the window or the batch."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

NoiseKind = Literal["shared", "independent", "evolving"]


def stable_seed(*numbers: int) -> int:
    """A 63-bit generator seed named by a few integers, the same on every machine."""
    digest = hashlib.blake2b("/".join(map(str, numbers)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def gaussian(
    seed: int, stream: int, frame: int, shape: Sequence[int], device: torch.device | str = "cpu"
) -> Tensor:
    """Standard normal noise named by three numbers. Drawn on the CPU, so every device sees the same values.

    Args:
        seed: the user's seed.
        stream: which draw of the sampling run (0 is the starting noise).
        frame: frame index in the video, or any other key.
        shape: shape of the draw.
        device: where the noise is moved to.
    """
    generator = torch.Generator().manual_seed(stable_seed(seed, stream, frame))
    return torch.randn(*shape, generator=generator).to(device, non_blocking=True)


@dataclass(frozen=True)
class FrameNoise:
    """Noise for the frames of a window: ``noise(stream)`` is the same for a frame in whatever window it lies.

    Args:
        seed: the user's seed.
        frames: indices of the window's frames in the video.
        size: height and width.
        kind: ``shared`` is one image for all frames; ``independent`` one for each; ``evolving`` turns slowly from
            one image into the next, so that a still source still moves.
        period: for ``evolving``, frames from one noise image to the next.
        device: where noise is delivered.

    Shape:
        returns ``[len(frames), 3, H, W]``.
    """

    seed: int
    frames: tuple[int, ...]
    size: tuple[int, int]
    kind: NoiseKind = "shared"
    period: float = 48.0
    device: torch.device | str = "cpu"

    def __call__(self, stream: int) -> Tensor:
        """Draw number ``stream`` for all frames."""
        return torch.stack([self._frame(stream, i) for i in self.frames])

    def _frame(self, stream: int, frame: int) -> Tensor:
        shape = (3, *self.size)
        if self.kind == "shared":
            return gaussian(self.seed, stream, 0, shape, self.device)
        if self.kind == "independent":
            return gaussian(self.seed, stream, frame, shape, self.device)
        key, phase = divmod(frame / self.period, 1.0)
        here = gaussian(self.seed, stream, int(key), shape, self.device)
        there = gaussian(self.seed, stream, int(key) + 1, shape, self.device)
        # cos² + sin² = 1 keeps the variance at one between two independent draws.
        return math.cos(phase * math.pi / 2) * here + math.sin(phase * math.pi / 2) * there
