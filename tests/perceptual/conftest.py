from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.perceptual import LPIPS, ImageNetDistance

WIDTHS = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
INDICES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)


def _image(height: int, width: int, seed: int = 0) -> Tensor:
    """A random image with detail at several scales, [1, 3, H, W] in [-1, 1]."""
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros(1, 3, height, width)
    for cells in (4, 12, 36):
        noise = torch.rand(1, 3, cells, cells, generator=generator) * 2 - 1
        total += F.interpolate(noise, size=(height, width), mode="bilinear") / cells**0.3
    return total.clamp(-1, 1)


@pytest.fixture(scope="session")
def image() -> Callable[..., Tensor]:
    return _image


@pytest.fixture(scope="session")
def trunk() -> dict[str, Tensor]:
    """Random weights under the keys of torchvision's VGG16, spread so that signals live."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for number, index in enumerate(INDICES):
        shape = (WIDTHS[number + 1], WIDTHS[number], 3, 3)
        spread = (2 / (9 * WIDTHS[number])) ** 0.5
        state[f"features.{index}.weight"] = torch.randn(shape, generator=generator) * spread
        state[f"features.{index}.bias"] = torch.randn(shape[0], generator=generator) * 0.05
    return state


@pytest.fixture(scope="session")
def lins() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    channels = (64, 128, 256, 512, 512)
    return {
        f"lin{index}.model.1.weight": torch.rand(1, count, 1, 1, generator=generator)
        for index, count in enumerate(channels)
    }


@pytest.fixture(scope="session")
def lpips(trunk, lins) -> LPIPS:
    return LPIPS(trunk, lins)


@pytest.fixture(scope="session")
def imagenet() -> ImageNetDistance:
    return ImageNetDistance()


@pytest.fixture(params=["lpips", "imagenet"])
def distance(request) -> LPIPS | ImageNetDistance:
    return request.getfixturevalue(request.param)
