"""What the loudness of a frame does to its edit, besides how strongly it is guided."""

from __future__ import annotations

from torch import Tensor


def opacity(strength: Tensor) -> Tensor:
    """How much of the change is laid into the frame: the strength itself."""
    return strength.clamp(0, 1)
