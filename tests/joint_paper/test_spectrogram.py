"""The front end against librosa."""

import librosa
import numpy as np
import pytest
import torch

from soundini.joint.paper_spectrogram import PAPER_MEL, decibel_image
from soundini.joint.spectrogram import mel_filterbank, mel_power


def _librosa_mel(waveform):
    return librosa.feature.melspectrogram(
        y=waveform.numpy(), sr=44_100, n_mels=128, n_fft=2048, hop_length=512
    )


def test_filters_are_librosas():
    expected = librosa.filters.mel(sr=44_100, n_fft=2048, n_mels=128)
    assert np.allclose(mel_filterbank(PAPER_MEL).numpy(), expected, atol=1e-7)


def test_mel_power_is_librosas(waveform):
    expected = _librosa_mel(waveform)
    ours = mel_power(waveform, PAPER_MEL).numpy()
    assert ours.shape == expected.shape == (128, 1 + len(waveform) // 512)
    assert np.allclose(ours, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_decibels_are_librosas_where_the_reference_is_the_clips_own(waveform):
    power = _librosa_mel(waveform)
    expected = librosa.power_to_db(power, ref=np.max) / 80 + 1
    ours = decibel_image(mel_power(waveform, PAPER_MEL), None).numpy()
    assert ours.max() == pytest.approx(1.0)
    assert np.abs(ours - expected).max() < 2e-3


def test_the_fixed_reference_keeps_loudness(waveform):
    loud = decibel_image(mel_power(waveform, PAPER_MEL))
    soft = decibel_image(mel_power(waveform / 2, PAPER_MEL))
    inside = (soft > 0) & (loud < 1)
    assert inside.float().mean() > 0.5
    # half the amplitude is 6.02 dB of 80
    assert torch.allclose((loud - soft)[inside], torch.tensor(6.0206 / 80), atol=1e-4)


def test_a_reference_per_clip_would_lose_loudness(waveform):
    loud, soft = (decibel_image(mel_power(w, PAPER_MEL), None) for w in (waveform, waveform / 2))
    assert torch.allclose(loud, soft, atol=1e-4)


def test_silence_is_zero_and_full_scale_is_one():
    assert decibel_image(torch.zeros(128, 5)).max() == 0
    assert decibel_image(torch.full((128, 5), 1e9)).min() == 1
