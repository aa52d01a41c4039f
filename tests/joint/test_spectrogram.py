import librosa
import numpy as np
import pytest
import torch

from soundini.joint.spectrogram import MelConfig, mel_filterbank, mel_power, sliding_windows

CONFIGS = [
    MelConfig(),
    MelConfig(n_mels=128, hop_length=512, scale="slaney", norm="slaney"),
    MelConfig(sample_rate=16_000, n_fft=512, hop_length=160, n_mels=40, f_min=50, f_max=8000),
]
LIBROSA_NORM = {"sum": 1.0, "slaney": "slaney", None: None}


@pytest.mark.parametrize("config", CONFIGS)
def test_filters_are_librosas(config):
    theirs = librosa.filters.mel(
        sr=config.sample_rate,
        n_fft=config.n_fft,
        n_mels=config.n_mels,
        fmin=config.f_min,
        fmax=config.f_max,
        htk=config.scale == "htk",
        norm=LIBROSA_NORM[config.norm],
    )
    assert np.abs(mel_filterbank(config).numpy() - theirs).max() < 1e-6


@pytest.mark.parametrize("config", CONFIGS)
def test_spectrogram_is_librosas(config):
    samples = np.random.default_rng(0).normal(0, 0.2, 30_000).astype(np.float32)
    theirs = librosa.feature.melspectrogram(
        y=samples,
        sr=config.sample_rate,
        n_fft=config.n_fft,
        hop_length=config.hop_length,
        n_mels=config.n_mels,
        fmin=config.f_min,
        fmax=config.f_max,
        htk=config.scale == "htk",
        norm=LIBROSA_NORM[config.norm],
        power=2.0,
        center=True,
        pad_mode="constant",
    )
    ours = mel_power(torch.from_numpy(samples), config).numpy()
    assert ours.shape == theirs.shape
    assert np.allclose(ours, theirs, rtol=1e-3, atol=1e-5 * theirs.max())


def test_windows_are_cut_from_one_spectrogram_and_mirrored_at_the_ends():
    columns = torch.arange(20.0).expand(3, -1)
    windows = sliding_windows(columns, torch.tensor([10.0, 0.0, 19.0]), 6)
    assert windows.shape == (3, 3, 6)
    assert windows[0, 0].tolist() == [7, 8, 9, 10, 11, 12]
    assert windows[1, 0].tolist() == [3, 2, 1, 0, 1, 2]
    assert windows[2, 0].tolist() == [16, 17, 18, 19, 18, 17]


def test_a_clip_shorter_than_a_window_is_mirrored_over_and_over():
    windows = sliding_windows(torch.arange(3.0)[None], torch.tensor([1.0]), 9)
    assert set(windows.flatten().tolist()) == {0, 1, 2}
