"""Sounds as strangers have them: changing midway, with gaps, from pipes, off the zero line, with several tracks."""

import itertools
import wave
from fractions import Fraction

import numpy as np
import pytest

import media_factory as make
import strange_media as strange
from soundini.config.recipe import SoundConfig
from soundini.editing.sound_track import lay_strength
from soundini.errors import MediaError
from soundini.media.loudness import without_offset
from soundini.media.sound import Sound, load_sound, require_audible
from soundini.media.tracks import choose_track
from soundini.media.video_reader import VideoReader
from soundini.media.video_writer import VideoWriter


def test_a_stretch_is_that_of_the_whole_and_as_loud(tmp_path):
    path = make.write_sound(
        tmp_path / "a.wav", np.concatenate([make.tone(2.0), make.tone(2.0, level=0.05)], 1)
    )
    whole, part = load_sound(path), load_sound(path, start=2.5, end=3.25)
    assert np.array_equal(part.samples, whole.samples[:, 120000:156000])
    assert part.stretch is not None
    assert part.stretch.begin == 2.5
    assert part.stretch.level == whole.stretch.level


def test_an_hour_is_read_for_the_seconds_that_are_wanted(tmp_path, monkeypatch):
    path = make.write_sound(tmp_path / "a.wav", make.tone(6.0))
    monkeypatch.setenv("SOUNDINI_MAX_SOUND_SECONDS", "2")
    assert load_sound(path, start=3.0, end=4.0).duration == 1
    with pytest.raises(MediaError, match="more than the limit of 2 seconds"):
        load_sound(path, start=1.0, end=5.0)


def test_damage_after_the_stretch_does_not_matter(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (1, 192000)).astype(np.float32)
    noise[:, :24000] = 0
    flac = make.write_sound(tmp_path / "a.flac", noise).read_bytes()
    (tmp_path / "cut.flac").write_bytes(flac[: len(flac) * 7 // 10])
    with pytest.raises(MediaError):
        load_sound(tmp_path / "cut.flac")
    sound = load_sound(tmp_path / "cut.flac", end=1.0, needed=1.0)
    assert make.onset(sound.samples, make.RATE) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize("suffix", [".mp3", ".aac"])
@pytest.mark.parametrize(
    ("first", "second"),
    [((1, 48000), (2, 48000)), ((2, 48000), (1, 22050)), ((1, 22050), (1, 48000))],
)
def test_channels_and_rate_may_change_midway(tmp_path, suffix, first, second):
    parts = []
    for number, (channels, rate) in enumerate((first, second)):
        hertz = (400, 1000)[number]
        wave_ = 0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)
        samples = np.tile(wave_.astype(np.float32), (channels, 1))
        parts.append(strange.write_encoded(tmp_path / f"{number}{suffix}", samples, rate))
    sound = load_sound(strange.join(tmp_path / f"both{suffix}", *parts))
    assert sound.duration == pytest.approx(2.0, abs=0.2)
    assert len(sound.samples) == max(first[0], second[0])
    for begin, hertz in ((0.2, 400), (1.4, 1000)):
        at = round(begin * sound.sample_rate)
        heard = sound.samples[0, at : at + sound.sample_rate // 2]
        spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
        assert int(spectrum.argmax()) * 2 == pytest.approx(hertz, abs=4)


@pytest.mark.parametrize("mode", ["source", "mix"])
def test_a_source_whose_sound_changes_midway_is_written(tmp_path, mode):
    """MP4 holds one form of sound for all: packets of two are not copied."""
    import av

    parts = [
        strange.write_encoded(tmp_path / "0.mp3", make.tone(1.0)),
        strange.write_encoded(tmp_path / "1.mp3", make.clicks(1.0, (0.5,), channels=2)),
    ]
    both = strange.join(tmp_path / "both.mp3", *parts)
    video = make.write_video(tmp_path / "v.mp4", 48)
    with (
        av.open(str(both)) as sound,
        av.open(str(video)) as seen,
        av.open(str(tmp_path / "a.mkv"), "w") as out,
    ):
        streams = {
            "video": out.add_stream_from_template(seen.streams.video[0]),
            "audio": out.add_stream_from_template(sound.streams.audio[0]),
        }
        for source in (seen, sound):
            for packet in source.demux():
                if packet.size:
                    packet.stream = streams[packet.stream.type]
                    out.mux(packet)
    guide = {"sound": Sound(np.zeros((1, 48000), np.float32), 48000)} if mode == "mix" else {}
    with (
        VideoReader(tmp_path / "a.mkv") as reader,
        VideoWriter(
            tmp_path / "b.mp4", reader.info, audio=mode, audio_source=tmp_path / "a.mkv", **guide
        ) as writer,
    ):
        for frame in reader.frames():
            writer.write(frame.rgb, frame.time, frame.duration)
    heard = load_sound(tmp_path / "b.mp4")
    assert heard.samples.shape[0] == 2
    assert heard.duration == pytest.approx(2.0, abs=0.1)
    click = make.onset(heard.samples[:, round(1.2 * 48000) :], 48000) + 1.2
    assert click == pytest.approx(1.5 + 0.05, abs=0.06)


@pytest.mark.parametrize(
    ("riff", "data"),
    [
        (0x7FFFF024, 0x7FFFF000),  # SoX
        (0x80000024, 0x80000000),  # arecord
        (0x7FFFFFFF, 0x7FFFFFDB),
        (0xFFFFFFFF, 0xFFFFFFFF),  # FFmpeg
        (0, 0),
        (0xFFFFFFFF, 0xFFFFFFDB),
        (0x24, 0xFFFFFFF0),
    ],
)
def test_a_wav_from_a_pipe_is_read_to_its_end(tmp_path, riff, data):
    whole = make.write_sound(tmp_path / "a.wav", make.tone(0.5))
    piped = strange.with_wav_lengths(tmp_path / "b.wav", whole, riff, data)
    assert np.array_equal(load_sound(piped).samples, load_sound(whole).samples)


def test_a_wav_of_many_channels(tmp_path):
    samples = np.zeros((48000, 60), "<i2")
    samples[:, 37] = np.round(20000 * np.sin(np.arange(48000) / 9))
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(60)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(samples.tobytes())
    sound = load_sound(tmp_path / "a.wav")
    assert sound.samples.shape == (2, 48000)
    require_audible(sound)


def pulses(offset=0.0, channels=1):
    """Half a second of noise in every two, round a zero line that lies at ``offset``."""
    samples = 0.3 * np.random.default_rng(0).uniform(-1, 1, 4 * 48000)
    samples[(np.arange(len(samples)) // 24000) % 4 != 0] = 0
    return np.tile((samples + offset).astype(np.float32), (channels, 1))


def strengths(sound):
    times = [0.125 + 0.25 * i for i in range(16)]
    return lay_strength(sound, times, 4.0, SoundConfig())[1]


@pytest.mark.parametrize("changes", [0, 2])
def test_an_offset_of_the_zero_line_is_no_sound(changes):
    clean = strengths(Sound(pulses(), 48000))
    samples = pulses(0.2)
    samples[:, round(changes * 48000) : round(2.0 * changes * 48000)] -= 0.3
    shifted = strengths(Sound(samples, 48000))
    assert clean.min() < 0.1
    assert np.abs(shifted - clean).max() < 0.03
    assert np.abs(without_offset(samples, 48000)[:, 30000:40000]).max() < 1e-3


def test_a_sound_without_an_offset_stays_to_the_bit():
    samples = pulses()
    assert without_offset(samples, 48000) is samples


def test_an_offset_alone_is_silence(tmp_path):
    path = make.write_sound(tmp_path / "a.wav", np.full((1, 48000), 0.4, np.float32))
    with pytest.raises(MediaError, match="is silent"):
        require_audible(load_sound(path))


def test_channels_that_cancel_are_heard():
    samples = pulses(channels=2)
    samples[1] *= -1
    assert np.allclose(strengths(Sound(samples, 48000)), strengths(Sound(pulses(), 48000)))
    assert np.array_equal(Sound(samples, 48000).mono().samples, pulses())
    one_side = pulses(channels=2)
    one_side[0] = 0
    assert np.allclose(strengths(Sound(one_side, 48000)), strengths(Sound(pulses(), 48000)))


def test_channels_that_cancel_for_a_while_are_heard_then_and_mixed_the_rest_of_the_time():
    rng = np.random.default_rng(0)
    left, right = rng.normal(0, 0.1, (2, 4 * 48000)).astype(np.float32)
    right[48000:96000] = -left[48000:96000]
    mono = Sound(np.stack([left, right]), 48000).mono().samples[0]
    assert np.allclose(mono[60000:84000], left[60000:84000], atol=1e-6)
    assert np.allclose(mono[110000:], (left[110000:] + right[110000:]) / 2, atol=1e-6)


def test_the_default_track_is_heard_else_the_first_audible_one(tmp_path):
    silence, low, high = np.zeros((1, 96000), np.float32), make.tone(2.0), make.tone(2.0, 2000)
    cases = {
        "second": ([low, high], 1, 1),
        "first": ([low, high], 0, 0),
        "silent": ([silence, low, high], None, 1),
    }
    for name, (sounds, default, chosen) in cases.items():
        path = strange.with_tracks(tmp_path / f"{name}.mp4", sounds, default)
        assert choose_track(path) == chosen, name
    path = tmp_path / "second.mp4"
    for track, hertz in ((0, 2000), (1, 440), (2, 2000)):
        spectrum = np.abs(np.fft.rfft(load_sound(path, track=track).samples[0][:48000]))
        assert int(spectrum.argmax()) == hertz
    with pytest.raises(
        MediaError, match=r"second\.mp4: has no sound track 3, only 1 \(aac, mono.*sound.track"
    ):
        load_sound(path, track=3)


def test_the_chosen_track_is_written(tmp_path):
    path = strange.with_tracks(tmp_path / "a.mp4", [make.tone(2.0), make.tone(2.0, 2000)], 1)
    for track, hertz in ((0, 2000), (1, 440)):
        with (
            VideoReader(path) as reader,
            VideoWriter(
                tmp_path / "b.mp4", reader.info, audio="source", audio_source=path, track=track
            ) as writer,
        ):
            for frame in reader.frames():
                writer.write(frame.rgb, frame.time, frame.duration)
        heard = load_sound(tmp_path / "b.mp4").samples[0]
        assert int(np.abs(np.fft.rfft(heard[:48000])).argmax()) == hertz


def test_joined_streams_go_on_together(tmp_path):
    """MPEG-TS that was joined by its bytes: time starts again midway, for pictures and sound."""
    parts = [
        make.write_video(
            tmp_path / f"{i}.ts", 48, audio=make.clicks(2.0, (0.5 + i,)), options={"g": "12"}
        )
        for i in range(2)
    ]
    path = strange.join(tmp_path / "both.ts", *parts)
    with VideoReader(path) as reader:
        times = [frame.time for frame in reader.frames()]
    assert len(times) == 96
    steps = {round(float(b - a), 3) for a, b in itertools.pairwise(times)}
    assert max(steps) < 0.09
    assert float(times[-1]) == pytest.approx(95 / 24, abs=0.06)
    sound = load_sound(path)
    first = make.onset(sound.samples, make.RATE)
    second = make.onset(sound.samples[:, 96000:], make.RATE) + 2.0
    assert first == pytest.approx(0.5, abs=0.05)
    assert second - float(times[48]) == pytest.approx(1.5, abs=0.05)
    assert Fraction(times[48]) > times[47]


def test_a_sound_that_ends_before_the_first_picture(tmp_path):
    pts = [240 + i for i in range(24)]
    path = make.write_video(tmp_path / "a.mkv", 24, pts=pts, audio=make.tone(1.0))
    with pytest.raises(MediaError, match="its sound ends before its first picture"):
        load_sound(path)
