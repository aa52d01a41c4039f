"""What a stretch of sound is told apart by that its spectrum does not show."""

import pytest
import torch

from soundini.joint.texture import (
    MODULATION_LAGS,
    TEXTURE_BANDS,
    TEXTURE_FEATURES,
    band_power,
    sound_texture,
)


def noise(columns=400, number=0):
    """Exponential power, as that of a band of white noise."""
    generator = torch.Generator().manual_seed(number)
    return -torch.rand(TEXTURE_BANDS, columns, generator=generator).clamp_min(1e-6).log()


def parts_of(bands):
    """The statistics by name, each of every band; the correlations last."""
    sizes = [TEXTURE_BANDS] * (4 + len(MODULATION_LAGS))
    spectrum, spread, skew, kurtosis, *rest = sound_texture(bands).split(
        [*sizes, TEXTURE_FEATURES - sum(sizes)]
    )
    return spectrum, spread, skew, kurtosis, rest[:-1], rest[-1]


def test_bands_hold_all_of_the_power():
    power = torch.rand(96, 20)
    bands = band_power(power)
    assert bands.shape == (TEXTURE_BANDS, 20)
    torch.testing.assert_close(bands.sum(0), power.sum(0))


def test_texture_does_not_depend_on_the_level():
    torch.testing.assert_close(
        sound_texture(noise()), sound_texture(1e-3 * noise()), atol=1e-3, rtol=1e-3
    )


@pytest.mark.parametrize("columns", [1, 8, 40])
def test_short_and_silent_stretches_have_a_texture_too(columns):
    for bands in (noise(columns), torch.zeros(TEXTURE_BANDS, columns)):
        texture = sound_texture(bands)
        assert texture.shape == (TEXTURE_FEATURES,)
        assert torch.isfinite(texture).all()


def test_crackles_are_told_from_a_steady_rush_by_their_peaks():
    crackles = noise(number=1) * 0.01
    crackles[:, ::40] += 100
    _, rush_spread, rush_skew, *_ = parts_of(noise())
    _, spread, skew, *_ = parts_of(crackles)
    assert (spread > rush_spread + 0.5).all()
    assert (skew > rush_skew + 1).all()


def test_waves_are_told_from_rain_by_how_slowly_they_move():
    swell = 1 + 0.95 * torch.sin(torch.arange(400) / 20)
    *_, fast, _ = parts_of(noise())
    *_, slow, _ = parts_of(swell.expand(TEXTURE_BANDS, -1))
    assert (slow[0] < 0.1).all()
    assert (fast[0] - 1).abs().max() < 0.4


def test_bands_that_move_together_are_told_from_those_that_do_not():
    *_, apart = parts_of(noise())
    *_, together = parts_of(noise()[:1].expand(TEXTURE_BANDS, -1))
    assert apart.abs().mean() < 0.1
    torch.testing.assert_close(together, torch.ones_like(together), atol=1e-3, rtol=0)


def test_several_sounds_are_summed_up_at_once():
    both = torch.stack([noise(), noise(number=1)])
    torch.testing.assert_close(sound_texture(both)[1], sound_texture(both[1]))
