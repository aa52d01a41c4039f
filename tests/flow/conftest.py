"""Synthetic motion whose truth is known."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor


def _texture(height: int, width: int, seed: int = 0) -> Tensor:
    """A smooth random texture, [1, 3, H, W] in [-1, 1], with detail of about 6 px."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, height // 6 + 2, width // 6 + 2, generator=generator) * 2 - 1
    size = (height + 12, width + 12)
    return F.interpolate(coarse, size=size, mode="bicubic").clamp(-1, 1)[..., :height, :width]


def _translating(dx: int, dy: int, frames: int = 2, height: int = 96, width: int = 112) -> Tensor:
    """A texture that moves by (dx, dy) px a frame, new content entering at the border."""
    margin_x, margin_y = abs(dx) * frames, abs(dy) * frames
    canvas = _texture(height + 2 * margin_y, width + 2 * margin_x)
    views = []
    for index in range(frames):
        top, left = margin_y - dy * index, margin_x - dx * index
        views.append(canvas[..., top : top + height, left : left + width])
    return torch.cat(views)


def _uniform_flow(dx: float, dy: float, height: int, width: int, batch: int = 1) -> Tensor:
    return (
        torch.tensor([float(dx), float(dy)])
        .view(1, 2, 1, 1)
        .expand(batch, 2, height, width)
        .clone()
    )


@pytest.fixture(scope="session")
def texture() -> Callable[..., Tensor]:
    return _texture


@pytest.fixture(scope="session")
def translating() -> Callable[..., Tensor]:
    return _translating


@pytest.fixture(scope="session")
def uniform_flow() -> Callable[..., Tensor]:
    return _uniform_flow
