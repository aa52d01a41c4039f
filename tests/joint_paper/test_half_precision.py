"""What CLIP's image tower loses in half precision: why packs of the paper keep their towers in float32 on a GPU too."""

import pytest
import torch
import torch.nn.functional as F

from soundini.joint.clip import ClipTowers
from soundini.weights.vision import ClipConfig, clip_layout
from soundini.weights.writing import random_tensors

pytest.importorskip("open_clip")

# as deep as ViT-B/32, but narrow
DEEP = ClipConfig(
    patch=8, image_size=32, width=64, layers=12, text_width=64, text_layers=1, dim=512
)


@pytest.fixture(scope="module")
def state():
    return dict(random_tensors(clip_layout(DEEP)))


def _seen(state, dtype):
    """Distances of two pictures to their targets, and the gradients that guidance gets."""
    towers, random = ClipTowers(state), torch.Generator().manual_seed(0)
    towers.network.visual.to(dtype)
    images = (torch.rand(2, 3, 32, 32, generator=random) * 2 - 1).requires_grad_()
    targets = F.normalize(torch.randn(2, 512, generator=random), dim=-1)
    pixels = ((images + 1) / 2 - towers.mean) / towers.std
    embeds = F.normalize(towers.network.encode_image(pixels.to(dtype)).float(), dim=-1)
    distances = 1 - (embeds * targets).sum(-1)
    (gradient,) = torch.autograd.grad(1000 * distances.sum(), images)
    return distances.detach(), gradient


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_distances_hold_to_a_thousandth_and_gradients_do_not(state, dtype):
    (distances, gradient), (exact, expected) = _seen(state, dtype), _seen(state, torch.float32)
    assert (distances - exact).abs().max() < 1e-3
    assert (gradient - expected).norm() > 1e-3 * expected.norm()
