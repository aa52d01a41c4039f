from __future__ import annotations

import struct

import numpy as np
import pytest
import soundfile

import media_factory as make
from soundini.errors import MediaError
from soundini.media.audio_feed import aac_rate, soft_limit
from soundini.media.sound import Sound, load_sound, require_audible, resample


def float_wav(path, samples):
    """A mono 32-bit float WAV, written by hand: it can hold what no encoder would write."""
    data = samples.astype("<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, make.RATE, 4 * make.RATE, 4, 32)
    body = (
        b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(data)) + data
    )
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


@pytest.mark.parametrize("channels", [1, 2])
def test_a_wav_is_read_as_it_is(tmp_path, channels):
    tone = make.tone(0.5, channels=channels)
    sound = load_sound(make.write_sound(tmp_path / "a.wav", tone))
    assert sound.sample_rate == make.RATE
    assert sound.samples.shape == tone.shape
    assert np.abs(sound.samples - tone).max() < 1e-4
    assert sound.duration == 0.5
    assert sound.mono().samples.shape == (1, tone.shape[1])


def test_agrees_with_libsndfile(tmp_path):
    path = make.write_sound(tmp_path / "a.flac", make.tone(0.3, channels=2))
    theirs, rate = soundfile.read(path, dtype="float32")
    ours = load_sound(path)
    assert rate == ours.sample_rate
    assert np.abs(ours.samples - theirs.T).max() < 1e-6


@pytest.mark.parametrize("suffix", [".ogg", ".mp3", ".flac"])
def test_other_formats(tmp_path, suffix):
    sound = load_sound(make.write_sound(tmp_path / f"a{suffix}", make.tone(1.0)))
    assert sound.duration == pytest.approx(1.0, abs=0.06)
    spectrum = np.abs(np.fft.rfft(sound.samples[0][: make.RATE // 2]))
    assert np.argmax(spectrum) * 2 == 440


def test_the_sound_of_a_video_begins_with_its_first_picture(tmp_path):
    video = make.write_video(
        tmp_path / "a.mkv", 48, audio=make.clicks(1.0, (0.25,)), audio_start=make.RATE
    )
    sound = load_sound(video)
    assert make.onset(sound.samples, make.RATE) == pytest.approx(1.25, abs=0.01)


def test_what_is_no_sound(tmp_path):
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("no sound\n" * 50)
    make.write_sound(tmp_path / "none.wav", np.zeros((1, 0), np.float32))
    make.write_video(tmp_path / "mute.mp4", 4)
    whole = make.write_sound(tmp_path / "whole.wav", make.tone(2.0)).read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    flac = make.write_sound(tmp_path / "whole.flac", make.tone(4.0)).read_bytes()
    (tmp_path / "cut.flac").write_bytes(flac[: len(flac) // 2])
    bad = make.tone(0.1)[0]
    for name, value in {"nan.wav": np.nan, "inf.wav": np.inf}.items():
        bad[100] = value
        float_wav(tmp_path / name, bad)
    for name, words in {
        "missing.wav": "no such file",
        "empty.wav": "is empty",
        "text.wav": "not a video, sound",
        "none.wav": "sound",
        "mute.mp4": "holds no sound",
        "nan.wav": "NaN",
        "inf.wav": "infinite",
        "cut.wav": "incomplete|cannot be decoded",
        "cut.flac": "incomplete|cannot be decoded",
        ".": "is a folder",
    }.items():
        with pytest.raises(MediaError, match=words) as error:
            load_sound(tmp_path / name)
        assert "\n" not in str(error.value)


def test_absurd_lengths_are_refused(tmp_path, monkeypatch):
    path = make.write_sound(tmp_path / "a.wav", make.tone(3.0))
    monkeypatch.setenv("SOUNDINI_MAX_SOUND_SECONDS", "2")
    with pytest.raises(MediaError, match=r"lasts 3 s, more than the limit of 2 seconds; .* raise"):
        load_sound(path)
    monkeypatch.setenv("SOUNDINI_MAX_SOUND_SECONDS", "3")
    assert load_sound(path).duration == 3


def test_silence_is_refused():
    quiet = Sound(np.tile(np.float32([[9e-5, -9e-5]]), 50), 48000)
    with pytest.raises(MediaError, match=r"rain\.wav: is silent"):
        require_audible(quiet, "rain.wav")
    with pytest.raises(MediaError, match="silent"):
        require_audible(Sound(np.zeros((1, 0), np.float32), 48000))
    require_audible(Sound(quiet.samples * 2, 48000))


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 96000])
def test_resampling_keeps_a_tone(rate):
    sound = Sound(make.tone(1.0, channels=2), make.RATE)
    out = resample(sound, rate)
    assert out.samples.shape == (2, rate)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    middle = slice(rate // 10, -rate // 10)
    assert np.abs(out.samples[0][middle] - expected[middle]).max() < 1e-3
    assert np.array_equal(resample(sound, rate).samples, out.samples)
    assert resample(sound, make.RATE) is sound


def test_resampling_removes_what_would_alias():
    high = resample(Sound(make.tone(1.0, 7000), make.RATE), 8000)
    assert np.abs(high.samples[0][800:-800]).max() < 1e-3


@pytest.mark.parametrize(
    "bad", [np.zeros(4, np.float32), np.zeros((3, 4), np.float32), np.zeros((1, 4))]
)
def test_a_sound_has_one_form(bad):
    with pytest.raises(ValueError, match="samples must be"):
        Sound(bad, 48000)


def test_the_limiter_spares_what_is_soft_and_never_clips():
    quiet = np.linspace(-0.9, 0.9, 50, dtype=np.float32)
    assert np.array_equal(soft_limit(quiet), quiet)
    loud = np.linspace(-10, 10, 999, dtype=np.float32)
    bent = soft_limit(loud)
    assert np.abs(bent).max() <= 1
    assert (np.diff(bent) >= 0).all()


def test_aac_rates():
    assert [aac_rate(r) for r in (4000, 44100, 44101, 192000)] == [8000, 44100, 48000, 96000]
