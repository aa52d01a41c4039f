"""Arithmetic on pictures: blending, blur, light. Pictures are float32 ``[H, W, 3]`` in [0, 1]; fields are ``[H, W]``."""

from __future__ import annotations

import cv2
import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)

_FIRE_RAMP = np.array(
    [
        (0.00, 0.10, 0.01, 0.00),
        (0.25, 0.62, 0.10, 0.01),
        (0.50, 0.98, 0.42, 0.05),
        (0.75, 1.00, 0.74, 0.22),
        (1.00, 1.00, 0.96, 0.74),
    ],
    np.float32,
)


def smoothstep(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def lerp(a: np.ndarray | float, b: np.ndarray | float, share: np.ndarray | float) -> np.ndarray:
    """Mix: ``a`` at share 0, ``b`` at share 1."""
    return np.asarray(a + (b - a) * share, np.float32)


def screen(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Add light without leaving [0, 1]: 1 - (1 - a)(1 - b)."""
    return 1 - (1 - a) * (1 - np.clip(b, 0, 1))


def grey(picture: np.ndarray) -> np.ndarray:
    """Luminance, ``[H, W, 1]``."""
    return (picture @ LUMA)[..., None]


def blur(x: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; ``sigma`` in pixels, nothing below a tenth of one."""
    return x if sigma < 0.1 else cv2.GaussianBlur(x, (0, 0), float(sigma))


def heat_colour(heat: np.ndarray) -> np.ndarray:
    """Colour of fire: dark red at 0, orange at a half, nearly white at 1; ``[H, W]`` -> ``[H, W, 3]``."""
    stops = _FIRE_RAMP[:, 0]
    channels = [np.interp(heat, stops, _FIRE_RAMP[:, 1 + c]) for c in range(3)]
    return np.stack(channels, -1).astype(np.float32)
