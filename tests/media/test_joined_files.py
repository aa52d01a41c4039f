"""Files that were joined by their bytes: sounds go on at any rate and with any channels; films as far as players show them."""

import itertools
import wave
from fractions import Fraction

import av
import numpy as np
import pytest

import media_factory as make
import strange_media as strange
from soundini.media.joined import joined_parts, left_out, second_film
from soundini.media.opening import packets_of
from soundini.media.sound import load_sound
from soundini.media.source_sound import find_source_sound
from soundini.media.video_reader import VideoReader, count_frames
from soundini.media.video_writer import VideoWriter

FORMS = [((1, 48000), (2, 48000)), ((2, 48000), (1, 24000)), ((1, 24000), (2, 48000))]


def sine(hertz, channels, rate):
    """A second of a tone."""
    line = 0.5 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)
    return np.tile(line.astype(np.float32), (channels, 1))


def write(path, samples, rate):
    if path.suffix == ".wav":
        with wave.open(str(path), "wb") as file:
            file.setnchannels(len(samples))
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes((samples.T * 32767).astype("<i2").tobytes())
        return path
    codec = {
        **{".flac": "flac", ".oga": "flac", ".opus": "libopus"},
        **{".aiff": "pcm_s16be", ".w64": "pcm_s16le", ".caf": "pcm_s16le", ".tta": "tta"},
        **{".voc": "pcm_u8", ".au": "pcm_s16be"},
    }[path.suffix]
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate)
        stream.codec_context.layout = "mono" if len(samples) == 1 else "stereo"
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=stream.layout.name)
        frame.sample_rate, frame.pts = rate, 0
        resampler = av.AudioResampler(
            stream.codec_context.format.name, stream.layout.name, rate, stream.frame_size or 1024
        )
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return path


def pitch(sound, begin):
    """Hertz of the strongest tone in a quarter of a second."""
    at, count = round(begin * sound.sample_rate), sound.sample_rate // 4
    spectrum = np.abs(np.fft.rfft(sound.samples[0][at : at + count] * np.hanning(count)))
    return int(spectrum.argmax()) * 4


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".oga", ".opus"])
@pytest.mark.parametrize("forms", FORMS)
def test_sounds_go_on_at_any_rate_and_with_any_channels(tmp_path, suffix, forms):
    parts = [
        write(tmp_path / f"{i}{suffix}", sine(hertz, channels, rate), rate)
        for i, (hertz, (channels, rate)) in enumerate(zip((400, 1000), forms, strict=True))
    ]
    path = strange.join(tmp_path / f"both{suffix}", *parts)
    assert len(joined_parts(path)) == 2
    assert len(joined_parts(parts[0])) == 1
    sound = load_sound(path)
    assert sound.samples.shape[0] == 2
    assert sound.duration == pytest.approx(2.0, abs=0.05)
    assert pitch(sound, 0.4) == 400
    assert pitch(sound, 1.4) == 1000
    late = load_sound(path, start=1.25, end=1.75)
    assert late.duration == pytest.approx(0.5, abs=0.001)
    assert pitch(late, 0.1) == 1000


def film(path, seconds, flash, **options):
    """Grey frames, one of them white with a click: its picture and its sound belong together."""
    count = round(24 * seconds)
    pictures = [np.full((64, 96, 3), 235 if i == flash else 60, np.uint8) for i in range(count)]
    return make.write_video(path, pictures, audio=make.clicks(seconds, (flash / 24,)), **options)


def flashes(path):
    with VideoReader(path) as reader:
        frames = list(reader.frames())
    steps = [b.time - a.time for a, b in itertools.pairwise(frames)]
    assert max(steps) < Fraction(1, 10)
    return len(frames), [float(f.time) for f in frames if f.rgb.mean() > 150]


def clicks(path):
    sound = load_sound(path)
    loud = np.flatnonzero(np.abs(sound.samples).max(0) > 0.2) / sound.sample_rate
    begins = [True, *(np.diff(loud) > 0.5)]
    return [float(t) for t, begin in zip(loud, begins, strict=True) if begin]


@pytest.mark.parametrize(
    ("suffix", "codec", "sound"),
    [
        (".mkv", "libx264", "aac"),
        (".webm", "libvpx", "libopus"),
        (".ts", "libx264", "aac"),
        (".mpg", "mpeg2video", "mp2"),
        (".avi", "mpeg4", "libmp3lame"),
        (".flv", "flv1", "libmp3lame"),
        (".flv", "libx264", "aac"),
        (".vob", "mpeg2video", "mp2"),
    ],
)
def test_pictures_and_sound_go_on_together(tmp_path, suffix, codec, sound):
    options = {"codec": codec, "audio_codec": sound, "options": {"g": "12"}}
    parts = [film(tmp_path / f"{i}{suffix}", 2.0, 12 + 24 * i, **options) for i in range(2)]
    path = strange.join(tmp_path / f"both{suffix}", *parts)
    count, seen = flashes(path)
    assert count == count_frames(path) == 96
    heard = clicks(path)
    assert len(seen) == len(heard) == 2
    assert seen == pytest.approx([0.5, 3.5], abs=0.1)
    assert heard == pytest.approx(seen, abs=0.06)


@pytest.mark.parametrize("options", [{}, {"movflags": "frag_keyframe+empty_moov"}])
def test_of_joined_mp4_the_first_is_read(tmp_path, options):
    """Players show no more; FFmpeg would lay the sound of fragments beside other pictures."""
    parts = []
    for i in range(2):
        whole = film(tmp_path / f"whole{i}.mp4", 2.0, 12, options={"g": "12"})
        parts.append(tmp_path / f"{i}.mp4")
        with av.open(str(whole)) as given, av.open(str(parts[i]), "w", options=options) as out:
            streams = {s.index: out.add_stream_from_template(s) for s in given.streams}
            for packet in given.demux():
                if packet.size:
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)
    path = strange.join(tmp_path / "both.mp4", *parts)
    assert second_film(path) == parts[0].stat().st_size
    assert second_film(parts[0]) is None
    assert flashes(path) == (48, [pytest.approx(0.5, abs=0.01)])
    assert clicks(path) == [pytest.approx(0.5, abs=0.05)]


@pytest.mark.parametrize(("suffix", "codec"), [(".h264", "libx264"), (".m2v", "mpeg2video")])
def test_raw_pictures_go_on(tmp_path, suffix, codec):
    parts = [
        make.write_video(tmp_path / f"{i}{suffix}", 24, codec=codec, fps=25, options={"g": "12"})
        for i in range(2)
    ]
    path = strange.join(tmp_path / f"both{suffix}", *parts)
    with VideoReader(path) as reader:
        times = [frame.time for frame in reader.frames()]
    assert len(times) == count_frames(path) == 48
    assert float(times[-1]) == pytest.approx(47 / 25, abs=0.02)


def write_asf(path, flash, rate=44100):
    """As film(), in Windows Media, whose sound has no 48 kHz at this rate of bits."""
    with av.open(str(path), "w", format="asf") as out:
        video = out.add_stream("wmv2", rate=24, options={"g": "12"})
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        sound = out.add_stream("wmav2", rate=rate, layout="mono")
        sound.codec_context.bit_rate = 96000
        for index in range(48):
            level = 235 if index == flash else 60
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), level, np.uint8), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 24)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        samples = np.zeros((1, 2 * rate), np.float32)
        samples[0, round(flash / 24 * rate) :][:240] = 0.8
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        blocks = av.AudioResampler("fltp", "mono", rate, sound.codec_context.frame_size)
        for part in (*blocks.resample(frame), *blocks.resample(None)):
            out.mux(sound.encode(part))
        out.mux(sound.encode(None))
    return path


def test_windows_media_goes_on(tmp_path):
    parts = [write_asf(tmp_path / f"{i}.wmv", 12 + 24 * i) for i in range(2)]
    path = strange.join(tmp_path / "both.wmv", *parts)
    count, seen = flashes(path)
    assert count == count_frames(path) == 96
    assert seen == pytest.approx([0.5, 3.5], abs=0.05)
    assert clicks(path) == pytest.approx(seen, abs=0.06)
    assert left_out(path) is None


def test_windows_media_of_two_kinds_is_told(tmp_path):
    """The second has streams that the first header does not know."""
    parts = [write_asf(tmp_path / "0.wmv", 12), write_asf(tmp_path / "1.wmv", 12, 22050)]
    path = strange.join(tmp_path / "both.wmv", *parts)
    assert flashes(path)[0] == 48
    assert "left out" in str(left_out(path))


def test_mxf_goes_on(tmp_path):
    pictures = [np.full((64, 96, 3), 235 if i == 12 else 60, np.uint8) for i in range(50)]
    sound = make.clicks(2.0, (12 / 25,))
    options = {"codec": "mpeg2video", "pixel_format": "yuv422p", "audio_codec": "pcm_s16le"}
    part = make.write_video(tmp_path / "0.mxf", pictures, fps=25, audio=sound, **options)
    path = strange.join(tmp_path / "both.mxf", part, part)
    count, seen = flashes(path)
    assert count == count_frames(path) == 100
    assert seen == pytest.approx([0.48, 2.48], abs=0.05)
    assert clicks(path) == pytest.approx(seen, abs=0.06)


def test_of_joined_nut_the_first_is_read(tmp_path):
    parts = [film(tmp_path / f"{i}.nut", 2.0, 12 + 24 * i, options={"g": "12"}) for i in range(2)]
    path = strange.join(tmp_path / "both.nut", *parts)
    assert flashes(path) == (48, [pytest.approx(0.5, abs=0.01)])
    assert clicks(path) == [pytest.approx(0.5, abs=0.05)]
    assert "left out" in str(left_out(path))
    assert left_out(parts[0]) is None


@pytest.mark.parametrize(
    ("one", "other"), [("aac", "mp2"), ("mp2", "aac"), ("aac", "ac3"), ("libmp3lame", "aac")]
)
@pytest.mark.parametrize("before", [b"", bytes(4)])
def test_a_broadcast_changes_the_codec_of_its_sound(tmp_path, one, other, before):
    """As it is, and as Blu-ray stores it, with four bytes before each packet."""
    parts = [
        film(tmp_path / f"{i}.ts", 2.0, 12 + 24 * i, options={"g": "12"}, audio_codec=codec)
        for i, codec in enumerate((one, other))
    ]
    data = strange.join(tmp_path / "both.ts", *parts).read_bytes()
    path = tmp_path / "both.m2ts"
    packets = [before + data[at : at + 188] for at in range(0, len(data), 188)]
    path.write_bytes(b"".join(packets))
    assert flashes(path)[1] == pytest.approx([0.5, 3.5], abs=0.01)
    assert clicks(path) == pytest.approx([0.5, 3.5], abs=0.05)
    found = find_source_sound(path, Fraction(0), None)
    assert found is not None
    assert not found.steady  # its packets cannot be copied into one track


@pytest.mark.parametrize("kind", ["aiff", "w64", "caf", "tta", "voc", "au"])
def test_other_sounds_go_on(tmp_path, kind):
    parts = [
        write(tmp_path / f"{i}.{kind}", sine(hertz, 1, 48000), 48000)
        for i, hertz in enumerate((400, 1000))
    ]
    path = strange.join(tmp_path / f"both.{kind}", *parts)
    sound = load_sound(path)
    assert sound.duration == pytest.approx(2.0, abs=0.02)
    heard = [pitch(sound, at) for at in (0.4, 1.4)]
    assert heard == pytest.approx([400, 1000], abs=10)  # VOC rounds the rate


@pytest.mark.parametrize("suffix", [".ts", ".flv"])
def test_a_sound_that_comes_with_the_second_part(tmp_path, suffix):
    """Its times tell nothing: they begin as those of the first part do."""
    mute = [np.full((64, 96, 3), 60, np.uint8)] * 48
    parts = [
        make.write_video(tmp_path / f"0{suffix}", mute, options={"g": "12"}),
        film(tmp_path / f"1{suffix}", 2.0, 12, options={"g": "12"}),
    ]
    path = strange.join(tmp_path / f"both{suffix}", *parts)
    assert flashes(path) == (96, [pytest.approx(2.5, abs=0.01)])
    assert clicks(path) == [pytest.approx(2.5, abs=0.05)]
    with (
        VideoReader(path) as reader,
        VideoWriter(tmp_path / "b.mp4", reader.info, audio="source", audio_source=path) as writer,
    ):
        for frame in reader.frames():
            writer.write(frame.rgb, frame.time, frame.duration)
    assert clicks(tmp_path / "b.mp4") == [pytest.approx(2.5, abs=0.06)]


def test_a_broadcast_that_goes_on_in_other_streams_is_told(tmp_path):
    one = film(tmp_path / "0.ts", 2.0, 12, options={"g": "12"})
    other = tmp_path / "1.ts"
    with (
        av.open(str(one)) as given,
        av.open(str(other), "w", options={"mpegts_start_pid": "512"}) as out,
    ):
        streams = {s.index: out.add_stream_from_template(s) for s in given.streams}
        for packet in given.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    assert "left out" in str(left_out(strange.join(tmp_path / "both.ts", one, other)))
    assert left_out(strange.join(tmp_path / "twice.ts", one, one)) is None
    assert left_out(other) is None


def test_streams_that_begin_midway_are_left_out():
    """PyAV fails at the first packet of one, and goes on after it."""

    class Container:
        def __init__(self):
            self.packets = iter([1, 2, IndexError(), 3, IndexError(), 4])

        def demux(self, _):
            for packet in self.packets:
                if isinstance(packet, IndexError):
                    raise packet
                yield packet

    assert list(packets_of(Container(), None)) == [1, 2, 3, 4]
