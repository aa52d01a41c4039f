"""The spectrogram that the paper's sound encoders see."""

import torch
from torch import Tensor

from soundini.joint.spectrogram import FrontEnd, MelConfig, mel_power

PAPER_MEL = MelConfig(
    sample_rate=44_100, n_fft=2048, hop_length=512, n_mels=128, scale="slaney", norm="slaney"
)
"""librosa's ``melspectrogram`` as the encoders were trained on it."""

WINDOW_COLUMNS = 864
"""Columns of one window: 10.03 s."""

REFERENCE_DB = 25.0
"""Power that maps to 1. Recordings of effects peak at 23 dB (the median of 60 of ours, quartiles
16 and 27 dB), a full-scale sine of 1 kHz at 39 dB."""

_RANGE_DB = 80.0
_MIN_POWER = 1e-10


def decibel_image(power: Tensor, reference_db: float | None = REFERENCE_DB) -> Tensor:
    """Turn the mel power of a whole clip into decibels within [0, 1].

    The encoders were trained on clips that each peak at 1. Doing the same to every window would
    throw loudness away, and to every clip the loudness of the clip; a fixed reference keeps both.

    Args:
        power: mel power spectrogram of the whole clip; windows are cut afterwards.
        reference_db: decibels that map to 1, louder bins are clipped; None for the clip's own
            loudest bin, as in training.

    Shape:
        ``power``: ``[n_mels, columns]``; returns the same.
    """
    decibels = 10.0 * torch.log10(power.clamp_min(_MIN_POWER))
    reference = decibels.max() if reference_db is None else reference_db
    return ((decibels - reference) / _RANGE_DB + 1.0).clamp(0.0, 1.0)


def paper_front_end(reference_db: float | None = REFERENCE_DB) -> FrontEnd:
    """The front end of the encoders of the paper and of its predecessor.

    Args:
        reference_db: see :func:`decibel_image`.
    """
    return FrontEnd(
        PAPER_MEL.sample_rate,
        PAPER_MEL.sample_rate / PAPER_MEL.hop_length,
        WINDOW_COLUMNS,
        lambda waveform: decibel_image(mel_power(waveform, PAPER_MEL), reference_db),
    )
