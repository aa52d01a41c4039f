import json

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from soundini.errors import ModelError
from soundini.joint.clip import ClipTowers
from soundini.joint.paper import PaperJointSpace
from soundini.joint.paper_spectrogram import PAPER_MEL, decibel_image
from soundini.joint.protocol import JointSpace
from soundini.joint.spectrogram import mel_power
from soundini.weights.sound_encoders import resnet_layout
from soundini.weights.writing import random_tensors

pytest.importorskip("open_clip")


class _Ear(nn.Module):
    """Hears loudness in bands: enough to see what the front end hands over."""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim
        self.seen = []

    def forward(self, windows):
        self.seen.append(windows)
        return nn.functional.adaptive_avg_pool2d(windows, (self.dim, 1))[..., 0]


@pytest.fixture(scope="module")
def space(clip_state):
    towers = ClipTowers(clip_state)
    return PaperJointSpace(towers, _Ear(towers.dim), window_columns=40)


def test_is_a_joint_space(space, clip_config):
    assert isinstance(space, JointSpace)
    assert (space.dim, space.image_size, space.sample_rate) == (24, clip_config.image_size, 44_100)
    assert space.window_seconds == pytest.approx(40 * 512 / 44_100)
    size = clip_config.image_size
    assert space.embed_images(torch.zeros(2, 3, size, size)).shape == (2, 24)
    assert space.embed_text(["rain"]).shape == (1, 24)


def test_windows_are_cut_from_one_spectrogram(space, waveform):
    times = torch.linspace(0.3, 1.7, 20)
    space.sound_encoder.seen.clear()
    embeds = space.embed_sound(waveform, times)
    assert embeds.shape == (20, 24)
    assert torch.allclose(embeds.norm(dim=-1), torch.ones(20))
    windows = torch.cat(space.sound_encoder.seen)
    whole = decibel_image(mel_power(waveform, PAPER_MEL))
    for window, time in zip(windows, times.tolist(), strict=True):
        centre = round(time * 44_100 / 512)
        assert torch.equal(window, whole[:, centre - 20 : centre + 20])


def test_a_louder_half_of_a_clip_is_brighter(space, waveform):
    space.sound_encoder.seen.clear()
    space.embed_sound(waveform, torch.tensor([0.5, 1.5]))
    soft, loud = space.sound_encoder.seen[0].mean((1, 2))
    # five times the amplitude is 14 dB of 80
    assert loud - soft == pytest.approx(14 / 80, abs=0.03)


def test_frames_do_not_depend_on_their_company(space, waveform):
    times = torch.linspace(0, 2, 35)
    together = space.embed_sound(waveform, times)
    alone = torch.cat([space.embed_sound(waveform, t[None]) for t in times])
    assert torch.allclose(together, alone, atol=1e-6)


@pytest.fixture
def folders(tmp_path, clip_state):
    clip, sound = tmp_path / "clip", tmp_path / "sound"
    clip.mkdir()
    sound.mkdir()
    wide = {"text_projection": (64, 512), "visual.proj": (64, 512)}
    save_file(clip_state | dict(random_tensors(wide)), clip / "model.safetensors")
    save_file(dict(random_tensors(resnet_layout())), sound / "model.safetensors")
    (sound / "config.json").write_text(json.dumps({"format": "resnet18_audio"}))
    return clip, sound


def test_loads_from_folders(folders, waveform):
    space = PaperJointSpace.from_folders(*folders)
    assert space.dim == 512
    assert space.window_seconds == pytest.approx(10.03, abs=0.01)
    assert space.embed_sound(waveform, torch.tensor([1.0])).shape == (1, 512)
    assert not any(p.requires_grad for p in space.parameters())


def test_damaged_folders_say_what_to_do(folders, tmp_path):
    clip, sound = folders
    with pytest.raises(ModelError, match="cannot read"):
        PaperJointSpace.from_folders(tmp_path, sound)
    (sound / "config.json").write_text(json.dumps({"format": "teapot"}))
    with pytest.raises(ModelError, match=r"sound encoder.*import its checkpoint again"):
        PaperJointSpace.from_folders(clip, sound)
    (sound / "config.json").write_text(json.dumps({"format": "swin_audio"}))
    with pytest.raises(ModelError, match="sound encoder"):
        PaperJointSpace.from_folders(clip, sound)


@pytest.mark.gpu
def test_the_same_on_a_gpu(folders, waveform, gpu, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    space, times = PaperJointSpace.from_folders(*folders), torch.tensor([0.5, 1.5])
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    expected = space.embed_images(images), space.embed_sound(waveform, times)
    space.to(gpu)
    out = space.embed_images(images.to(gpu)), space.embed_sound(waveform.to(gpu), times)
    for a, b in zip(out, expected, strict=True):
        assert torch.allclose(a.cpu(), b, atol=1e-4)
