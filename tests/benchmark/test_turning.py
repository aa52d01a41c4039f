import numpy as np
import pytest

import media_factory as make
from soundini.benchmark.turning import LEAD, turning_sound, write_turning
from soundini.errors import MediaError
from soundini.media.sound import Sound, load_sound

RATE = 44100


def tone(frequency, seconds, level=0.5):
    time = np.arange(round(seconds * RATE)) / RATE
    return Sound((level * np.sin(2 * np.pi * frequency * time)).astype(np.float32)[None], RATE)


def share(samples, frequency):
    """How much of a stretch is a tone: its energy over all."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    centre = round(frequency * len(samples) / RATE)
    return power[centre - 20 : centre + 21].sum() / power.sum()


def test_one_sound_becomes_the_other_along_the_clip_and_at_no_other_time():
    turned = turning_sound(tone(440, 3, level=0.9), tone(3000, 20, level=0.05), 2.0)
    assert turned.samples.shape[1] == round((2 * LEAD + 2) * RATE)
    assert turned.peak == pytest.approx(0.9, abs=1e-4)

    def at(second):
        first = round(second * RATE)
        return turned.samples[0, first : first + RATE // 4]

    seen = [share(at(t), 3000) for t in (1, LEAD - 0.3, LEAD + 0.9, LEAD + 2.1, LEAD + 5)]
    assert seen == pytest.approx([0, 0, 0.5, 1, 1], abs=0.08)
    loud = [np.square(at(t)).mean() for t in (1, LEAD + 0.9, LEAD + 4)]
    assert loud == pytest.approx([loud[0]] * 3, rel=0.1), "equal power"


def test_it_is_as_long_as_the_frames_that_are_edited(tmp_path):
    video = make.write_video(tmp_path / "in.mp4", 12)
    files = []
    for name, hertz in (("a", 440), ("b", 3000)):
        path = tmp_path / f"{name}.wav"
        files.append(make.write_sound(path, tone(hertz, 1).samples))
    for out in ("one.wav", "two.wav"):
        write_turning(tmp_path / out, files, video, 6)
    turned = load_sound(tmp_path / "one.wav")
    assert turned.duration == pytest.approx(2 * LEAD + 6 / 24, abs=1e-3)
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()


def test_silence_turns_into_nothing(tmp_path):
    video = make.write_video(tmp_path / "in.mp4", 6)
    silent = make.write_sound(tmp_path / "silent.wav", np.zeros((1, 4800), np.float32))
    with pytest.raises(MediaError, match=r"silent\.wav: is silent"):
        write_turning(tmp_path / "out.wav", [silent, silent], video, 6)
    assert not (tmp_path / "out.wav").exists()
