"""The sound encoders against networks written from the papers, on the published keys."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from timm.models.swin_transformer import SwinTransformer

from soundini.joint.resnet import ResNetSoundEncoder
from soundini.joint.swin import SwinSoundEncoder
from soundini.weights.sound_encoders import resnet_layout, timm_to_swin
from soundini.weights.writing import random_tensors

WINDOW, HEADS, DEPTHS = 7, (2, 4), (2, 2)


@pytest.fixture(scope="module")
def small_swin():
    """Two stages of a Swin; the first has shifted windows, the second a single window."""
    with torch.random.fork_rng(devices=[]):
        network = SwinTransformer(
            img_size=56,
            patch_size=4,
            in_chans=1,
            num_classes=10,
            embed_dim=16,
            depths=DEPTHS,
            num_heads=HEADS,
            window_size=WINDOW,
        )
    encoder = SwinSoundEncoder(network, side=56)
    layout = {key: tuple(value.shape) for key, value in encoder.state_dict().items()}
    state = dict(random_tensors(layout, 3))
    encoder.load_state_dict(state)
    # from here on only the names of the published file are used
    return encoder.eval(), timm_to_swin(state)


def _linear(state, name, x):
    return F.linear(x, state[f"{name}.weight"], state.get(f"{name}.bias"))


def _norm(state, name, x):
    return F.layer_norm(x, x.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"])


def _position(i, j):
    """Row of the bias table for two tokens of a window, by their offset."""
    (yi, xi), (yj, xj) = divmod(i, WINDOW), divmod(j, WINDOW)
    return (yi - yj + WINDOW - 1) * (2 * WINDOW - 1) + (xi - xj + WINDOW - 1)


def _region(position, side, shift):
    """Which of the regions a rolled map's row came from: they may not see each other."""
    if shift == 0:
        return 0
    return 0 if position < side - WINDOW else 1 if position < side - shift else 2


def _attention(state, name, x, heads, shift):
    """Window attention on one map [H, W, C], with a loop over the windows."""
    side, channels = x.shape[0], x.shape[-1]
    table = state[f"{name}.relative_position_bias_table"]
    index = torch.tensor([[_position(i, j) for j in range(49)] for i in range(49)])
    bias = table[index].permute(2, 0, 1)
    x = x.roll((-shift, -shift), (0, 1))
    out = torch.zeros_like(x)
    for top in range(0, side, WINDOW):
        for left in range(0, side, WINDOW):
            tokens = x[top : top + WINDOW, left : left + WINDOW].reshape(49, channels)
            qkv = _linear(state, f"{name}.qkv", tokens).reshape(49, 3, heads, -1)
            q, k, v = qkv.permute(1, 2, 0, 3)
            scores = q @ k.transpose(1, 2) / (channels // heads) ** 0.5 + bias
            regions = torch.tensor(
                [
                    3 * _region(top + i // WINDOW, side, shift)
                    + _region(left + i % WINDOW, side, shift)
                    for i in range(49)
                ]
            )
            scores = scores.masked_fill(regions[:, None] != regions[None], -1e9)
            mixed = (scores.softmax(-1) @ v).transpose(0, 1).reshape(49, channels)
            out[top : top + WINDOW, left : left + WINDOW] = _linear(
                state, f"{name}.proj", mixed
            ).reshape(WINDOW, WINDOW, channels)
    return out.roll((shift, shift), (0, 1))


def _plain_swin(state, image):
    """Liu et al. 2021 (arXiv 2103.14030) on one image [1, H, W], from the published keys."""
    f = "feature_extractor"
    weight, bias = (state[f"{f}.patch_embed.proj.{p}"] for p in ("weight", "bias"))
    x = F.conv2d(image[None], weight, bias, stride=4)[0].permute(1, 2, 0)
    x = _norm(state, f"{f}.patch_embed.norm", x)
    for stage, (depth, heads) in enumerate(zip(DEPTHS, HEADS, strict=True)):
        for block in range(depth):
            name = f"{f}.layers.{stage}.blocks.{block}"
            shift = WINDOW // 2 if block % 2 and x.shape[0] > WINDOW else 0
            normed = _norm(state, f"{name}.norm1", x)
            x = x + _attention(state, f"{name}.attn", normed, heads, shift)
            hidden = F.gelu(_linear(state, f"{name}.mlp.fc1", _norm(state, f"{name}.norm2", x)))
            x = x + _linear(state, f"{name}.mlp.fc2", hidden)
        if stage + 1 < len(DEPTHS):
            name = f"{f}.layers.{stage}.downsample"
            corners = [x[i::2, j::2] for i, j in ((0, 0), (1, 0), (0, 1), (1, 1))]
            x = _linear(
                state, f"{name}.reduction", _norm(state, f"{name}.norm", torch.cat(corners, -1))
            )
    return _linear(state, f"{f}.head", _norm(state, f"{f}.norm", x).mean((0, 1)))


@torch.no_grad()
def test_swin_equals_one_from_the_paper(small_swin):
    encoder, published = small_swin
    windows = torch.rand(2, 20, 90, generator=torch.Generator().manual_seed(1))
    expected = torch.stack([_plain_swin(published, image) for image in encoder.image(windows)])
    assert expected.std() > 0.01
    assert (encoder(windows) - expected).abs().max() < 1e-5


@torch.no_grad()
def test_swin_of_the_true_size_runs():
    with torch.device("meta"):
        encoder = SwinSoundEncoder()
        assert encoder(torch.empty(2, 128, 864)).shape == (2, 512)


def _bilinear(image, height, width):
    """Resize as OpenCV does: half-pixel centres, no smoothing, borders held."""
    rows = np.clip((np.arange(height) + 0.5) * image.shape[0] / height - 0.5, 0, None)
    columns = np.clip((np.arange(width) + 0.5) * image.shape[1] / width - 0.5, 0, None)

    def along(values, positions):
        low = np.minimum(positions.astype(int), len(values) - 1)
        high = np.minimum(low + 1, len(values) - 1)
        part = (positions - low)[:, None]
        return values[low] * (1 - part) + values[high] * part

    return along(along(image, rows).T, columns).T


def test_swin_input_is_the_resized_window(small_swin):
    window = torch.rand(1, 128, 864, generator=torch.Generator().manual_seed(2))
    image = small_swin[0].image(window)
    assert image.shape == (1, 1, 56, 56)
    assert np.allclose(image[0, 0], _bilinear(window[0].numpy(), 56, 56), atol=1e-4)


def test_resnet_input_is_reshaped_and_not_transposed():
    with torch.device("meta"):
        encoder = ResNetSoundEncoder()
    window = torch.rand(2, 128, 864, generator=torch.Generator().manual_seed(3))
    image = encoder.image(window)
    tall = _bilinear(window[1].numpy(), 512, 128)
    assert image.shape == (2, 1, 128, 512)
    assert np.allclose(image[1, 0], tall.reshape(128, 512), atol=1e-5)
    assert not np.allclose(image[1, 0], tall.T, atol=1e-2)


def _plain_resnet(state, x):
    """He et al. 2015, eighteen layers, behind the one-to-three convolution."""

    def norm(h, name):
        mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        return F.batch_norm(h, mean, var, state[f"{name}.weight"], state[f"{name}.bias"])

    f = "feature_extractor"
    x = F.conv2d(x, state["conv.weight"], state["conv.bias"])
    x = norm(F.conv2d(x, state[f"{f}.conv1.weight"], stride=2, padding=3), f"{f}.bn1").relu()
    x = F.max_pool2d(x, 3, 2, 1)
    for layer in range(1, 5):
        for block in range(2):
            name = f"{f}.layer{layer}.{block}"
            stride = 2 if layer > 1 and block == 0 else 1
            h = F.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
            h = F.conv2d(norm(h, f"{name}.bn1").relu(), state[f"{name}.conv2.weight"], padding=1)
            if stride == 2:
                x = F.conv2d(x, state[f"{name}.downsample.0.weight"], stride=2)
                x = norm(x, f"{name}.downsample.1")
            x = (norm(h, f"{name}.bn2") + x).relu()
    return F.linear(x.mean((2, 3)), state[f"{f}.fc.weight"], state[f"{f}.fc.bias"])


@torch.no_grad()
def test_resnet_equals_one_from_the_paper():
    state = dict(random_tensors(resnet_layout(), 4))
    encoder = ResNetSoundEncoder.from_state(state)
    windows = torch.rand(1, 128, 864, generator=torch.Generator().manual_seed(5))
    out = encoder(windows)
    expected = _plain_resnet(state, encoder.image(windows))
    assert out.shape == (1, 512)
    assert torch.allclose(out, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())
