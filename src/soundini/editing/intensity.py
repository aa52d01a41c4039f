"""What the loudness of a frame does to its edit."""

from __future__ import annotations

from torch import Tensor

START_EXPONENT = 0.35


def start_share(strength: Tensor) -> Tensor:
    """How much of the start level a frame gets: s^0.35, so that half the strength still starts at four fifths.

    A frame that starts late keeps the source's structure but has no room left to form an effect; a linear map would
    turn a half-loud fire into stains.
    """
    return strength.clamp(0, 1) ** START_EXPONENT


def opacity(strength: Tensor) -> Tensor:
    """How much of the change is laid into the frame: the strength itself."""
    return strength.clamp(0, 1)
