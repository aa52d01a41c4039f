"""VIP-ANT and Wav2CLIP against networks written from their descriptions, on the published keys."""

import math
import sys
import types

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from soundini.errors import ModelError
from soundini.joint.clip import ClipTowers
from soundini.joint.paper import PaperJointSpace
from soundini.joint.protocol import JointSpace
from soundini.joint.resnet import WAV2CLIP_FRONT_END, Wav2ClipSoundEncoder
from soundini.joint.vipant import VIPANT_FRONT_END, VipAntSoundEncoder
from soundini.weights.importing import import_checkpoint
from soundini.weights.sound_encoders import (
    vipant_layout,
    vipant_to_ours,
    wav2clip_layout,
    wav2clip_to_ours,
)
from soundini.weights.writing import random_tensors

pytest.importorskip("open_clip")

WIDTH, LAYERS = 128, 2


@pytest.fixture(scope="module")
def vipant_state():
    """The published keys, of a small network; positions and class are of the size of what they are added to."""
    return dict(random_tensors(vipant_layout(WIDTH, LAYERS), 6))


@pytest.fixture(scope="module")
def vipant(vipant_state):
    layout = vipant_layout(WIDTH, LAYERS)
    return VipAntSoundEncoder.from_state(vipant_to_ours(vipant_state, layout))


def _plain_vipant(state, log_mel):
    """CLIP's vision transformer on ``[B, 1000, 128]``, time first, with overlapping patches; heads of 64."""

    def norm(h, name):
        return F.layer_norm(h, (WIDTH,), state[f"{name}.weight"], state[f"{name}.bias"])

    def linear(h, name):
        return F.linear(h, state[f"{name}.weight"], state[f"{name}.bias"])

    x = (log_mel + 4.93839311) / 5.75751113
    kernel = state["pre_encoder.conv1.weight"].mean(1).reshape(WIDTH, -1)
    patches = []
    for top in range(0, 1000 - 32 + 1, 16):
        for left in range(0, 128 - 32 + 1, 24):
            patches.append(x[:, top : top + 32, left : left + 32].reshape(len(x), -1) @ kernel.T)
    assert len(patches) == 305
    first = state["misc.class_embedding"].expand(len(x), 1, WIDTH)
    x = torch.cat([first, torch.stack(patches, 1)], 1) + state["misc.positional_embedding"]
    x = norm(x, "pre_encoder.ln")
    for i in range(LAYERS):
        name = f"encoder.resblocks.{i}"
        qkv = F.linear(
            norm(x, f"{name}.ln_1"),
            state[f"{name}.attn.in_proj_weight"],
            state[f"{name}.attn.in_proj_bias"],
        )
        heads = [part.unflatten(-1, (-1, 64)).transpose(1, 2) for part in qkv.chunk(3, -1)]
        q, k, v = heads
        mixed = ((q @ k.transpose(-1, -2) / 8).softmax(-1) @ v).transpose(1, 2).flatten(2)
        x = x + linear(mixed, f"{name}.attn.out_proj")
        hidden = linear(norm(x, f"{name}.ln_2"), f"{name}.mlp.c_fc")
        x = x + linear(hidden * torch.sigmoid(1.702 * hidden), f"{name}.mlp.c_proj")
    return norm(x[:, 0], "post_encoder.ln") @ state["post_encoder.proj"]


def _log_mels(count, columns):
    noise = torch.randn(count, 128, columns, generator=torch.Generator().manual_seed(7))
    return 4 * noise - 5


@torch.no_grad()
def test_vipant_equals_one_from_its_description(vipant, vipant_state):
    windows = _log_mels(2, 1000)
    expected = _plain_vipant(vipant_state, windows.transpose(1, 2))
    assert expected.std() > 0.1
    assert (vipant(windows) - expected).abs().max() < 1e-4


@torch.no_grad()
def test_vipant_pads_short_windows_behind_and_sees_the_middle_of_long_ones(vipant, vipant_state):
    short = _log_mels(1, 90)
    padded = torch.cat([short, torch.zeros(1, 128, 910)], -1)
    expected = _plain_vipant(vipant_state, padded.transpose(1, 2))
    assert torch.allclose(vipant(short), expected, atol=1e-4)
    long = _log_mels(1, 1200)
    assert torch.equal(vipant(long), vipant(long[..., 100:1100]))


def test_the_layouts_are_those_of_the_published_files():
    vipant = vipant_layout()
    assert vipant["misc.positional_embedding"] == (306, 768)
    assert vipant["pre_encoder.conv1.weight"] == (768, 3, 32, 32)
    assert vipant["encoder.resblocks.11.mlp.c_fc.weight"] == (3072, 768)
    assert vipant["post_encoder.proj"] == (768, 512)
    numbers = sum(math.prod(s) for s in vipant.values())
    assert round(numbers / 1e6, 2) == 88.05  # as its authors count
    wav = wav2clip_layout()
    assert wav["audio_encoder.spectrogram.window"] == (512,)
    assert wav["audio_encoder.conv1.weight"] == (64, 1, 7, 7)
    heads = ("running_mean", "running_var", "num_batches_tracked", "spectrogram.window")
    parameters = {k: math.prod(s) for k, s in wav.items() if not k.endswith(heads)}
    encoder = sum(n for k, n in parameters.items() if k.startswith("audio_encoder."))
    assert encoder == 11_170_240
    assert sum(parameters.values()) - encoder == 525_312


def _plain_resnet(state, x):
    """He et al. 2015, eighteen layers, averaged over the plane."""

    def norm(h, name):
        mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
        return F.batch_norm(h, mean, var, state[f"{name}.weight"], state[f"{name}.bias"])

    f = "audio_encoder"
    x = norm(F.conv2d(x, state[f"{f}.conv1.weight"], stride=2, padding=3), f"{f}.bn1").relu()
    x = F.max_pool2d(x, 3, 2, 1)
    for layer in range(1, 5):
        for block in range(2):
            name = f"{f}.layer{layer}.{block}"
            stride = 2 if layer > 1 and block == 0 else 1
            h = F.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
            h = F.conv2d(norm(h, f"{name}.bn1").relu(), state[f"{name}.conv2.weight"], padding=1)
            if stride == 2:
                x = norm(
                    F.conv2d(x, state[f"{name}.downsample.0.weight"], stride=2),
                    f"{name}.downsample.1",
                )
            x = (norm(h, f"{name}.bn2") + x).relu()
    x = x.mean((2, 3))
    for i in (0, 3):
        name = f"audio_transform.sequential.{i}"
        x = F.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])
        x = x.relu() if i == 0 else x
    return x


@torch.no_grad()
def test_wav2clip_equals_one_from_its_description(waveform):
    state = dict(random_tensors(wav2clip_layout(), 8)) | {"image_encoder.other": torch.ones(1)}
    encoder = Wav2ClipSoundEncoder.from_state(wav2clip_to_ours(state))
    windows = torch.stack(
        [WAV2CLIP_FRONT_END.spectrogram(s) for s in waveform[:64_000].split(32_000)]
    )
    # one window at a time, as the published code with a batch of one
    normed = [(w - w.mean()) / (w.std() + 1e-9) for w in windows]
    expected = torch.cat([_plain_resnet(state, w[None, None]) for w in normed])
    assert expected.std() > 0.01
    assert torch.allclose(encoder(windows), expected, atol=1e-4 * expected.abs().max().item())
    assert torch.allclose(encoder(windows[:1]), encoder(windows)[:1], atol=1e-5)


def test_wav2clip_sees_the_power_spectrum_of_frames_every_353_samples(waveform):
    found = WAV2CLIP_FRONT_END.spectrogram(waveform)
    assert found.shape == (257, 1 + len(waveform) // 353)
    samples = waveform.double().numpy()
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(512) / 512)
    for column in (3, 60, 100):
        frame = samples[column * 353 - 256 : column * 353 + 256]
        expected = np.log(np.abs(np.fft.rfft(frame * window)) ** 2 + 1e-7)
        assert np.allclose(found[:, column], expected, atol=1e-2)


@pytest.mark.parametrize(
    ("front_end", "make"),
    [
        (VIPANT_FRONT_END, lambda: VipAntSoundEncoder(64, 1, 24)),
        (WAV2CLIP_FRONT_END, None),
    ],
)
@torch.no_grad()
def test_times_are_those_of_the_waveform(clip_state, front_end, make):
    """A click is in the middle column of the window that is centred on it."""
    seen = []

    class Ear(torch.nn.Module):
        def forward(self, windows):
            seen.append(windows)
            return torch.ones(len(windows), 24)

    space = PaperJointSpace(ClipTowers(clip_state), Ear(), front_end=front_end, window_columns=41)
    assert isinstance(space, JointSpace)
    waveform = 1e-4 * torch.randn(2 * space.sample_rate, generator=torch.Generator().manual_seed(1))
    waveform[int(1.2 * space.sample_rate)] = 1.0
    space.embed_sound(waveform, torch.tensor([1.2]))
    loudest = seen[0][0].mean(0).argmax().item()
    assert abs(loudest - 20) <= 1
    if make is not None:
        with_encoder = PaperJointSpace(ClipTowers(clip_state), make(), front_end=front_end)
        out = with_encoder.embed_sound(waveform, torch.tensor([0.5, 1.2]))
        assert with_encoder.window_seconds == pytest.approx(10)
        assert out.shape == (2, 24)
        assert torch.isfinite(out).all()


def _as_published(state):
    """VIP-ANT's file: settings as OmegaConf nodes, and a tuple of state dicts."""

    def make(module, name):
        kind = type(name, (), {"__module__": module})
        setattr(sys.modules.setdefault(module, types.ModuleType(module)), name, kind)
        return kind

    node, metadata = (
        make("omegaconf.dictconfig", "DictConfig"),
        make("omegaconf.base", "ContainerMetadata"),
    )
    settings, about = node(), metadata()
    about.__dict__.update(ref_type=dict, object_type=dict, flags={})
    settings.__dict__.update(_metadata=about, _content={"lr": 1e-3})
    return {"cfg": settings, "model": ({}, state, {}, {"logit_scale": torch.ones(())})}


def test_the_published_file_is_read_without_running_it(vipant_state, tmp_path, monkeypatch):
    from soundini.weights.formats import vipant_format

    for module in ("omegaconf", "omegaconf.dictconfig", "omegaconf.base"):
        monkeypatch.setitem(sys.modules, module, types.ModuleType(module))
    torch.save(_as_published(vipant_state), tmp_path / "00004140.pth")
    monkeypatch.undo()
    assert "omegaconf" not in sys.modules
    small = vipant_format(WIDTH, LAYERS)
    done = import_checkpoint(tmp_path / "00004140.pth", tmp_path, (small,))
    assert (done.format, done.tensors) == ("vipant_audio", len(vipant_state))
    assert "omegaconf" not in sys.modules
    with pytest.raises(ModelError, match="not the weights of VIP-ANT's audio tower"):
        import_checkpoint(tmp_path / "00004140.pth", tmp_path)
