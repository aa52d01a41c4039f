import numpy as np
import pytest

from soundini.config.recipe import SoundConfig
from soundini.editing.sound_track import lay_sound
from soundini.media.sound import Sound
from soundini.packs.debug import debug_pack


def test_a_short_clip_hears_what_a_long_one_hears_at_the_same_moment():
    """A window reaches past the ends of the video into what the sound has there."""
    joint = debug_pack().joint
    noise = np.random.default_rng(0).standard_normal((1, 6 * 44_100)).astype(np.float32)
    sound = Sound(noise * np.linspace(0.1, 1, noise.shape[1], dtype=np.float32), 44_100)
    long = lay_sound(sound, [3.05], 6.0, joint, SoundConfig())
    short = lay_sound(sound, [0.05], 0.1, joint, SoundConfig(offset=-3.0))
    alone = Sound(sound.samples[:, 3 * 44_100 : int(3.1 * 44_100)], 44_100)
    cut = lay_sound(alone, [0.05], 0.1, joint, SoundConfig())
    apart = [float((track.heard - long.heard).norm()) for track in (short, cut)]
    assert apart[0] < 0.3 * apart[1], apart
    assert short.sound.duration == pytest.approx(0.1)
