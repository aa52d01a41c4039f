"""Rain and lightning, rendered over photographs, and water of another colour."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

_REFERENCE = 64
"""Side of a picture, in pixels, that the sizes below are for; they grow with the picture."""

_LAYERS = (((4, 9), (0.006, 0.02), 0.6), ((9, 22), (0.002, 0.008), 1.0))
"""Rain far away and near: length of a streak in pixels, drops per pixel, brightness."""

_LUMA = (0.299, 0.587, 0.114)


def rain_over(picture: Tensor, generator: np.random.Generator) -> Tensor:
    """Falling rain in front of a picture, in grey light.

    Shape:
        ``picture``: ``[3, S, S]`` in [-1, 1]; returns the same.
    """
    size = picture.shape[-1]
    dull = greyed(picture, generator.uniform(0.4, 0.9))
    dull = dull * generator.uniform(0.45, 0.8) - generator.uniform(0, 0.3)
    slant = float(np.tan(np.radians(generator.normal(0, 10))))
    light = np.zeros((size, size), np.float32)
    for lengths, densities, brightness in _LAYERS:
        drops = generator.random((size, size)) < generator.uniform(*densities) / (size / _REFERENCE)
        length = max(2, round(generator.uniform(*lengths) * size / _REFERENCE))
        light += brightness * _streaks(drops, length, slant)
    width = 2 * (size // (2 * _REFERENCE)) + 1
    wide = F.max_pool2d(torch.from_numpy(light)[None], (1, width), 1, (0, width // 2))
    cover = (wide * generator.uniform(0.35, 0.8)).clamp(0, 1)
    return torch.lerp(dull, torch.full_like(dull, generator.uniform(0.5, 0.95)), cover).clamp(-1, 1)


def lightning_over(picture: Tensor, generator: np.random.Generator) -> Tensor:
    """A bolt of lightning before a picture made as dark as a storm, and its glow.

    Shape:
        ``picture``: ``[3, S, S]`` in [-1, 1]; returns the same.
    """
    size = picture.shape[-1]
    tint = torch.tensor([1.0, 1.0, 1.0]) + torch.tensor([0.1, 0.0, 0.35]) * generator.random()
    dark = (greyed(picture, generator.uniform(0.5, 1)) + 1) * generator.uniform(0.15, 0.45)
    canvas = Image.new("L", (2 * size, 2 * size))
    for _ in range(int(generator.integers(1, 3))):
        start = np.array([generator.uniform(0.1, 0.9), generator.uniform(-0.1, 0.2)])
        end = np.array([start[0] + generator.normal(0, 0.25), generator.uniform(0.6, 1.1)])
        _draw_bolt(ImageDraw.Draw(canvas), start, end, 2 * size, generator)
    core = torch.from_numpy(np.asarray(canvas.resize((size, size), Image.Resampling.BOX)).copy())
    core = core.float()[None, None] / 255
    glow = core
    for reach in (0.03, 0.1):
        side = 2 * max(1, round(reach * size)) + 1
        for _ in range(2):
            glow = F.avg_pool2d(glow, side, 1, side // 2, count_include_pad=False)
        glow = glow / glow.amax().clamp_min(1e-6)
        core = torch.maximum(core, 0.4 * generator.uniform(0.5, 1) * glow)
    lit = dark * tint.view(3, 1, 1) * (1 + glow[0]) + 2 * core[0] * tint.view(3, 1, 1)
    return (lit - 1).clamp(-1, 1)


def greyed(picture: Tensor, amount: float) -> Tensor:
    """Take ``amount`` (0 to 1) of the colour away: ``[3, S, S]``."""
    grey = (picture * torch.tensor(_LUMA).view(3, 1, 1)).sum(0, keepdim=True)
    return torch.lerp(picture, grey.expand_as(picture), float(amount))


def other_water(picture: Tensor, generator: np.random.Generator) -> Tensor:
    """Green water made blue, and blue green, as plankton does: ``[3, S, S]``."""
    swapped = picture[[0, 2, 1]]
    return torch.lerp(picture, swapped, float(generator.uniform(0.6, 1)))


def _streaks(drops: np.ndarray, length: int, slant: float) -> np.ndarray:
    """Every drop drawn out downwards, fading at both ends: ``[S, S]`` in [0, 1]."""
    drawn = np.zeros(drops.shape, np.float32)
    for i in range(length):
        weight = np.sin(np.pi * (i + 0.5) / length)
        moved = np.roll(drops, (i, round(i * slant)), (0, 1))
        np.maximum(drawn, weight * moved, out=drawn)
    return drawn


def _draw_bolt(
    canvas: ImageDraw.ImageDraw,
    start: np.ndarray,
    end: np.ndarray,
    size: int,
    generator: np.random.Generator,
    depth: int = 0,
) -> None:
    """Draw a jagged line from ``start`` to ``end`` (fractions of the canvas), with thinner, dimmer branches."""
    points = [start, end]
    spread = 0.22 * float(np.linalg.norm(end - start))
    for _ in range(5):
        halves = [(a + b) / 2 + generator.normal(0, spread / 2, 2) for a, b in pairwise(points)]
        points = [p for pair in zip(points, halves, strict=False) for p in pair] + [points[-1]]
        spread /= 2
    width = max(1, round(size / (2 * _REFERENCE) * (1.8 if depth == 0 else 1.0)))
    canvas.line([tuple(p * size) for p in points], fill=255 >> depth, width=width)
    if depth < 2:
        for _ in range(int(generator.integers(1, 4))):
            at = int(generator.integers(len(points) // 4, len(points)))
            reach = (end - start) * generator.uniform(0.2, 0.45)
            turned = points[at] + reach + generator.normal(0, 0.12, 2)
            _draw_bolt(canvas, points[at], turned, size, generator, depth + 1)
