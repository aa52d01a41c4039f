import math

import pytest
import torch

from soundini.weights.vision import ClipConfig, clip_layout
from soundini.weights.writing import random_tensors

TINY_CLIP = ClipConfig(
    patch=8, image_size=32, width=64, layers=2, text_width=64, text_layers=2, dim=24
)


@pytest.fixture(scope="session")
def clip_config() -> ClipConfig:
    """Sizes of a tiny CLIP with the real vocabulary."""
    return TINY_CLIP


@pytest.fixture(scope="session")
def clip_state():
    state = dict(random_tensors(clip_layout(TINY_CLIP)))
    state["token_embedding.weight"] *= 8
    return state


@pytest.fixture(scope="session")
def waveform():
    """Two seconds at 44.1 kHz: a rising tone over noise, loud in the second half."""
    time = torch.arange(2 * 44_100) / 44_100
    tone = torch.sin(2 * math.pi * (300 + 400 * time) * time)
    noise = torch.randn(len(time), generator=torch.Generator().manual_seed(0))
    return (0.3 * tone + 0.05 * noise) * torch.where(time < 1, 0.2, 1.0)
