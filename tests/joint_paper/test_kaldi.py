"""The filter bank against Kaldi's own code, as kaldi-native-fbank packages it."""

import kaldi_native_fbank
import pytest
import torch

from soundini.joint.kaldi import KaldiConfig, kaldi_filter_bank
from soundini.joint.vipant import VIPANT_FRONT_END, VipAntSoundEncoder


def _kaldis(waveform, config):
    options = kaldi_native_fbank.FbankOptions()
    options.htk_compat = True
    options.use_energy = False
    options.mel_opts.num_bins = config.n_mels
    options.frame_opts.samp_freq = config.sample_rate
    options.frame_opts.window_type = "hanning"
    options.frame_opts.dither = 0
    computer = kaldi_native_fbank.OnlineFbank(options)
    computer.accept_waveform(config.sample_rate, waveform.tolist())
    computer.input_finished()
    frames = [computer.get_frame(i) for i in range(computer.num_frames_ready)]
    return torch.stack([torch.as_tensor(frame) for frame in frames]).T


@pytest.mark.parametrize(("rate", "bands"), [(16_000, 80), (44_100, 128), (48_000, 128)])
def test_equals_kaldis(waveform, rate, bands):
    config = KaldiConfig(sample_rate=rate, n_mels=bands)
    expected = _kaldis(waveform, config)
    found = kaldi_filter_bank(waveform, config)
    assert found.shape == expected.shape
    assert expected.std() > 1
    apart = (found - expected).abs().flatten()
    # Kaldi computes in float32: in a few weak bands it is itself so far from the exact value
    assert apart.kthvalue(int(0.999 * len(apart))).values < 1e-4
    assert apart.max() < 1e-3


def test_what_vipant_sees_is_kaldis(waveform):
    encoder = VipAntSoundEncoder(64, 1, 8)
    config = KaldiConfig()
    expected = encoder.image(_kaldis(waveform - waveform.mean(), config)[None])
    found = encoder.image(VIPANT_FRONT_END.spectrogram(waveform)[None])
    assert found.shape == expected.shape == (1, 1, 1000, 128)
    assert (found - expected).abs().max() < 1e-4


def test_silence_is_floored_and_a_short_clip_is_padded():
    config = KaldiConfig()
    found = kaldi_filter_bank(torch.zeros(5), config)
    assert found.shape == (128, 1)
    assert torch.equal(found, torch.full((128, 1), torch.finfo(torch.float32).eps).log())


def test_long_clips_are_transformed_in_blocks(waveform, monkeypatch):
    whole = kaldi_filter_bank(waveform, KaldiConfig())
    monkeypatch.setattr("soundini.joint.kaldi._BLOCK", 7)
    assert torch.allclose(kaldi_filter_bank(waveform, KaldiConfig()), whole, atol=1e-5)
