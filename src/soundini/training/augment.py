"""Makes pictures look like edits and videos: shrunk and enlarged, compressed, dimmed, and laid into others."""

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

SOFT_SIDES = (64, 128)
"""Smallest and largest side in pixels that a picture is shrunk to."""

_QUALITY = (40, 90)
_GAIN, _SHIFT = 0.15, 0.08
_SHORTER = (0.6, 1.0)
"""The shorter axis of a region, as a share of the longer."""
_EDGE = (0.08, 0.25)
"""Width of the soft edge, as a share of a half-axis."""


def shrunk(pictures: Tensor, side: int) -> Tensor:
    """Shrink pictures and enlarge them to their size again.

    Shape:
        ``pictures``: ``[B, 3, S, S]`` in [-1, 1]; returns the same.
    """
    size = pictures.shape[-1]
    small = F.interpolate(
        pictures, (side, side), mode="bicubic", align_corners=False, antialias=True
    )
    large = F.interpolate(small, (size, size), mode="bicubic", align_corners=False)
    return large.clamp(-1, 1)


def softened(pictures: Tensor, generator: np.random.Generator) -> Tensor:
    """Soften each picture in its own way.

    Half are shrunk to a side in :data:`SOFT_SIDES` and enlarged, half are compressed as JPEG, and all vary a little in
    brightness and contrast.

    Args:
        pictures: in [-1, 1].
        generator: where the choices come from.

    Shape:
        ``pictures``: ``[B, 3, S, S]``; returns the same.
    """
    out = []
    for picture in pictures.split(1):
        made = picture
        if generator.random() < 0.5:
            made = shrunk(made, int(generator.integers(SOFT_SIDES[0], SOFT_SIDES[1] + 1)))
        if generator.random() < 0.5:
            made = _compressed(made, int(generator.integers(*_QUALITY)))
        gain, shift = generator.uniform(1 - _GAIN, 1 + _GAIN), generator.uniform(-_SHIFT, _SHIFT)
        out.append((made * gain + shift).clamp(-1, 1))
    return torch.cat(out)


def _compressed(picture: Tensor, quality: int) -> Tensor:
    pixels = ((picture[0] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    with io.BytesIO() as file:
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        with Image.open(file) as image:
            decoded = np.asarray(image.convert("RGB"))
    return torch.from_numpy(decoded.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


def laid_in(pictures: Tensor, backgrounds: Tensor, generator: np.random.Generator) -> Tensor:
    """Show each picture inside a soft box or ellipse, and its background outside.

    Args:
        pictures: shown inside.
        backgrounds: shown outside.
        generator: where the shapes come from.

    Shape:
        ``pictures``, ``backgrounds``: ``[B, 3, S, S]``; returns the same.
    """
    count, size = len(pictures), pictures.shape[-1]
    axes = np.ones((count, 2))
    axes[np.arange(count), generator.integers(2, size=count)] = generator.uniform(
        *_SHORTER, size=count
    )
    edge = torch.from_numpy(generator.uniform(*_EDGE, size=(count, 1, 1))).float()
    box = torch.from_numpy(generator.random((count, 1, 1)) < 0.5)
    grid = ((torch.arange(size) + 0.5) * 2 / size - 1).abs()
    x = grid[None, None, :] / torch.from_numpy(axes[:, :1, None]).float()
    y = grid[None, :, None] / torch.from_numpy(axes[:, 1:, None]).float()
    distance = torch.where(box, torch.maximum(x, y), (x**2 + y**2).sqrt())
    mask = ((1 - distance) / edge).clamp(0, 1)[:, None]
    return mask * pictures + (1 - mask) * backgrounds
