import pytest
import torch
import torch.nn.functional as F
from torch import nn

from soundini.errors import ConfigError
from soundini.metrics.i3d import CLASSES, I3D, _same


@pytest.fixture(scope="module")
def state():
    """Random weights of the right layout."""
    generator = torch.Generator().manual_seed(0)
    found = {}
    for key, shape in I3D().layout().items():
        draw = torch.randn(shape, generator=generator)
        if key.endswith(("running_var", "bn.weight")):
            found[key] = draw.abs() + 0.5
        else:
            fan = max(draw[0].numel(), 1) if draw.ndim > 1 else 1
            found[key] = draw * (2 / fan) ** 0.5 if draw.ndim > 1 else 0.1 * draw
    return found


def test_the_layout_is_that_of_the_published_network():
    layout = I3D().layout()
    assert sum(key.endswith("conv3d.weight") for key in layout) == 58
    assert layout["Conv3d_1a_7x7.conv3d.weight"] == (64, 3, 7, 7, 7)
    assert layout["Mixed_4d.b2b.conv3d.weight"] == (64, 24, 3, 3, 3)
    assert layout["Mixed_5c.b1b.bn.running_var"] == (384,)
    assert layout["logits.conv3d.weight"] == (CLASSES, 1024, 1, 1, 1)
    assert layout["logits.conv3d.bias"] == (CLASSES,)
    assert not any(key.endswith("num_batches_tracked") for key in layout)


@pytest.mark.parametrize("size", [8, 9, 15, 224])
@pytest.mark.parametrize(("kernel", "stride"), [(7, 2), (3, 2), (3, 1), (2, 2), (1, 1)])
def test_padding_leaves_as_many_places_as_tensorflow_does(size, kernel, stride):
    x = torch.arange(float(size)).view(1, 1, 1, 1, size)
    padded = _same(x, (1, 1, kernel), (1, 1, stride))
    before, after = 0, padded.shape[-1] - size
    if after:
        before = int((padded[0, 0, 0, 0] == 1).nonzero()[0, 0]) - 1
        after -= before
    assert after - before in (0, 1)
    assert F.max_pool3d(padded, (1, 1, kernel), (1, 1, stride)).shape[-1] == -(-size // stride)


def test_a_clip_becomes_its_mean_logits(state):
    network = I3D.from_state(state)
    clip = torch.rand(11, 3, 40, 56, generator=torch.Generator().manual_seed(1)) * 2 - 1
    found = network(clip)
    assert found.shape == (CLASSES,)
    assert torch.isfinite(found).all()
    torch.testing.assert_close(network(clip), found)
    assert not torch.allclose(network(clip.flip(0)), found), "time counts"
    assert not any(isinstance(m, nn.Dropout) or m.training for m in network.modules())
    with pytest.raises(ConfigError, match="9 frames or more, not 8"):
        network(clip[:8])
