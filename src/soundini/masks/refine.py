"""Grow, shrink, soften, invert and measure a mask."""

import cv2
import numpy as np

from soundini.geometry import Box

_NARROWEST = 1e-3
"""Pixels of the narrowest ramp; a narrower one ends before the next pixel, and dividing by it overflows."""


def dilate(mask: np.ndarray, pixels: float) -> np.ndarray:
    """Grow a mask by a disc; a negative radius shrinks it.

    Args:
        mask: float32 in [0, 1].
        pixels: radius.

    Shape:
        ``mask``: ``[H, W]``; returns the same.
    """
    radius = round(abs(pixels))
    if radius == 0:
        return mask
    if radius >= np.hypot(*mask.shape):  # the disc covers the picture from anywhere in it
        return np.full_like(mask, mask.max() if pixels > 0 else mask.min())
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disc = (x * x + y * y <= (radius + 0.5) ** 2).astype(np.uint8)
    operation = cv2.dilate if pixels > 0 else cv2.erode
    return np.asarray(operation(np.ascontiguousarray(mask), disc), np.float32)


def feather(mask: np.ndarray, pixels: float) -> np.ndarray:
    """Soften a mask's edge outwards: 1 inside, falling to exactly 0 at ``pixels`` outside.

    The ramp is a raised cosine of the distance to the region, so the effect keeps its full strength
    inside and nothing farther than ``pixels`` away is touched.

    Args:
        mask: float32 in [0, 1]; a level inside (0, 1) is kept where it is higher than the ramp.
        pixels: width of the ramp, 0 or more.

    Shape:
        ``mask``: ``[H, W]``; returns the same.
    """
    if pixels < _NARROWEST or not mask.any():
        return mask
    outside = (mask < 0.5).astype(np.uint8)
    if outside.all():
        return mask
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    ramp = 0.5 * (1 + np.cos(np.pi * np.clip(distance / pixels, 0, 1)))
    return np.maximum(mask, ramp).astype(np.float32)


def invert(mask: np.ndarray) -> np.ndarray:
    """Swap inside and outside."""
    return 1 - mask


def bounds(mask: np.ndarray) -> Box | None:
    """Return the box of everything above 0, or None for an empty mask."""
    covered = mask > 0
    rows = np.flatnonzero(covered.any(1))
    columns = np.flatnonzero(covered.any(0))
    if len(rows) == 0:
        return None
    return Box(
        int(columns[0]),
        int(rows[0]),
        int(columns[-1] - columns[0] + 1),
        int(rows[-1] - rows[0] + 1),
    )
