"""The texture of a sound: statistics of its bands' envelopes, by which listeners recognise rain or a river.

After McDermott and Simoncelli, *Sound texture perception via statistics of the auditory periphery* (Neuron, 2011): the moments
of each envelope, how fast it moves, and which bands move together. Rain, rivers, wind and fire differ more in these than in
their spectra.
"""

import torch
from torch import Tensor

TEXTURE_BANDS = 16
"""Bands whose envelopes are measured."""

MODULATION_LAGS = (1, 2, 4, 8, 16, 32, 64)
"""Distances in columns (23 ms each) over which an envelope is compared with itself: 23 ms to 1.5 s."""

_PAIRS = TEXTURE_BANDS * (TEXTURE_BANDS - 1) // 2

TEXTURE_FEATURES = (4 + len(MODULATION_LAGS)) * TEXTURE_BANDS + _PAIRS
"""Numbers that :func:`sound_texture` makes."""

_COMPRESSION = 0.3
"""Power to which envelopes are raised, about as an ear compresses them."""

_FLOOR = 1e-9


def band_power(power: Tensor) -> Tensor:
    """Power of each band in each column: ``[..., n_mels, columns]`` of mel power -> ``[..., TEXTURE_BANDS, columns]``."""
    return torch.stack([part.sum(-2) for part in power.tensor_split(TEXTURE_BANDS, dim=-2)], -2)


def sound_texture(bands: Tensor) -> Tensor:
    """Statistics of a sound that do not depend on its level.

    For each band: its share of the power in decibels; the deviation over the mean, skewness and kurtosis of its compressed
    envelope; and how much the envelope changes over each of :data:`MODULATION_LAGS`: 1 for white noise, and if the sound is
    too short. Then the correlations between the bands' envelopes.

    Args:
        bands: see :func:`band_power`; at least one column.

    Shape:
        ``bands``: ``[..., TEXTURE_BANDS, columns]``; returns ``[..., TEXTURE_FEATURES]``.
    """
    mean = bands.mean(-1, keepdim=True)
    total = mean.sum(-2, keepdim=True) + _FLOOR
    spectrum = 10 * (mean / total + 1e-7).log10()
    envelope = (bands / (mean + _FLOOR * total) + 1e-6) ** _COMPRESSION
    centre = envelope.mean(-1, keepdim=True)
    variance = (envelope - centre).square().mean(-1).clamp_min(1e-8)
    spread = variance.sqrt()
    apart = (envelope - centre) / spread[..., None]
    changes = [
        ((envelope[..., lag:] - envelope[..., :-lag]).square().mean(-1) / (2 * variance)).clamp(
            max=3
        )
        if envelope.shape[-1] > lag
        else torch.ones_like(spread)
        for lag in MODULATION_LAGS
    ]
    together = apart @ apart.transpose(-1, -2) / apart.shape[-1]
    one, two = torch.triu_indices(TEXTURE_BANDS, TEXTURE_BANDS, 1)
    parts = (
        spectrum[..., 0],
        (spread / centre[..., 0]).log(),
        apart.pow(3).mean(-1).clamp(-5, 8),
        apart.pow(4).mean(-1).clamp(1, 40).log(),
        *changes,
        together[..., one, two],
    )
    return torch.cat(parts, -1)
