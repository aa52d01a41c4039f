import numpy as np
import pytest
import torch

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


def noise(seconds):
    samples = np.random.default_rng(0).normal(0, 0.2, (1, int(44_100 * seconds)))
    return Sound(samples.astype(np.float32), 44_100)


def laid(joint, times, duration, **settings):
    return lay_sound(noise(4.0), times, duration, joint, SoundConfig(**settings))


def likeliest(joint, embeds):
    return [max(row, key=row.__getitem__) for row in joint.name_sounds(embeds)]


def test_what_the_user_says_replaces_what_is_heard_and_nothing_else():
    joint = debug_pack().joint
    as_heard, said = (laid(joint, [1.0, 2.0], 4.0, heard_as=text) for text in ("", "one"))
    torch.testing.assert_close(said.heard, as_heard.heard)
    torch.testing.assert_close(said.strength, as_heard.strength)
    np.testing.assert_array_equal(said.sound.samples, as_heard.sound.samples)
    torch.testing.assert_close(as_heard.meant, as_heard.heard)
    assert likeliest(joint, said.meant) == ["one", "one"]
    assert (said.embeds @ joint.prototypes["one"] > 0.95).all()


def test_a_timeline_is_in_seconds_of_the_sound_wherever_that_is_laid():
    joint, text = debug_pack().joint, "0s:one,2s:two"
    plain = laid(joint, [1.0, 2.0, 3.0], 4.0, heard_as=text)
    assert likeliest(joint, plain.meant)[::2] == ["one", "two"]
    assert joint.name_sounds(plain.meant)[1]["one"] == pytest.approx(0.5, abs=1e-3)
    late = laid(joint, [2.0, 4.0], 5.0, heard_as=text, offset=1.0)
    assert likeliest(joint, late.meant) == ["one", "two"]
    looped = laid(joint, [3.0, 5.0, 7.0], 8.0, heard_as=text, loop=True)
    assert likeliest(joint, looped.meant) == ["two", "one", "two"]
