from __future__ import annotations

import numpy as np
import pytest

from soundini.media.sound import Sound
from soundini.media.sound_fit import fit_sound

RATE = 1000


@pytest.fixture
def ramp():
    """One second; each sample tells its own number."""
    return Sound(np.arange(1, RATE + 1, dtype=np.float32)[None] / RATE, RATE)


def test_as_long_as_the_video(ramp):
    for seconds in (0.0, 0.3, 1.0, 2.5):
        assert fit_sound(ramp, seconds).samples.shape == (1, round(seconds * RATE))
    assert np.array_equal(fit_sound(ramp, 1.0).samples, ramp.samples)


def test_too_long_is_cut_and_too_short_is_padded(ramp):
    assert np.array_equal(fit_sound(ramp, 0.4).samples, ramp.samples[:, :400])
    longer = fit_sound(ramp, 1.5).samples
    assert np.array_equal(longer[:, :1000], ramp.samples)
    assert not longer[:, 1000:].any()


def test_a_positive_offset_starts_later(ramp):
    late = fit_sound(ramp, 1.5, offset_s=0.2).samples
    assert not late[:, :200].any()
    assert np.array_equal(late[:, 200:1200], ramp.samples)
    early = fit_sound(ramp, 0.5, offset_s=-0.3).samples
    assert np.array_equal(early, ramp.samples[:, 300:800])
    assert not fit_sound(ramp, 1.0, offset_s=5).samples.any()
    assert not fit_sound(ramp, 1.0, offset_s=-5).samples.any()


def test_a_loop_repeats_without_a_click():
    tone = Sound(np.sin(np.arange(730) / 30, dtype=np.float32)[None], RATE)
    out = fit_sound(tone, 5.0, loop=True).samples[0]
    period = 730 - 20
    assert np.array_equal(out[:period], tone.samples[0, :period])
    assert np.allclose(out[2 * period : 3 * period], out[period : 2 * period])
    assert np.array_equal(out[period + 20 : 2 * period], tone.samples[0, 20:period])
    # A seam without the crossfade would jump by the difference of the two ends.
    assert np.abs(np.diff(out)).max() < 0.15
    assert np.abs(tone.samples[0, 0] - tone.samples[0, -1]) > 0.5


def test_a_loop_leaves_no_silence_whatever_the_offset(ramp):
    for offset in (-2.7, -0.4, 0.4, 3.1):
        looped = fit_sound(ramp, 3.0, offset_s=offset, loop=True).samples
        assert looped.shape == (1, 3000)
        assert (looped > 0).all()


def test_a_sound_of_one_sample_loops():
    one = Sound(np.full((2, 1), 0.5, np.float32), RATE)
    assert (fit_sound(one, 0.1, loop=True).samples == 0.5).all()


def test_gain(ramp):
    assert np.allclose(fit_sound(ramp, 1.0, gain=3).samples, 3 * ramp.samples)
    constant = Sound(np.ones((2, RATE), np.float32), RATE)
    curve = fit_sound(constant, 1.0, gain=[(0.2, 0.0), (0.4, 2.0)]).samples
    assert not curve[:, :200].any()
    assert curve[0, 300] == pytest.approx(1.0, abs=1e-3)
    assert np.allclose(curve[:, 400:], 2)
    assert curve.dtype == np.float32


def test_bad_arguments(ramp):
    with pytest.raises(ValueError, match="duration_s"):
        fit_sound(ramp, -1)
    with pytest.raises(ValueError, match="rising order"):
        fit_sound(ramp, 1, gain=[(0.5, 1), (0.2, 1)])
    with pytest.raises(ValueError, match="rising order"):
        fit_sound(ramp, 1, gain=[])
    with pytest.raises(ValueError, match="empty"):
        fit_sound(Sound(np.zeros((1, 0), np.float32), RATE), 1)
