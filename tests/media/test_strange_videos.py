"""Videos as strangers have them: held, short, late, with wrong tags, with frames left out, broken off, joined."""

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.errors import MediaError
from soundini.media.sound import load_sound
from soundini.media.video_info import probe_video
from soundini.media.video_reader import VideoReader, count_frames
from soundini.media.video_writer import VideoWriter
from soundini.media.wholeness import is_cut_off


def read(path, *part):
    with VideoReader(path) as reader:
        return list(reader.frames(*part))


def written_again(path, target):
    with VideoReader(path) as reader, VideoWriter(target, reader.info) as writer:
        for frame in reader.frames():
            writer.write(frame.rgb, frame.time, frame.duration)
    return read(target)


def held(path):
    """Twelve frames, a tenth of a second each, the last of which stays for four."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10, options={"bf": "0"})
        pictures = make.moving_frames(12)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 100)
        packets = []
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = 10 * index, Fraction(1, 100)
            packets += stream.encode(frame)
        for packet in [*packets, *stream.encode(None)]:
            packet.duration = 400 if packet.pts == 110 else 10
            out.mux(packet)
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_held_last_frame_is_kept(tmp_path, suffix):
    frames = read(held(tmp_path / f"a{suffix}"))
    assert len(frames) == 12
    assert float(frames[-1].duration) == pytest.approx(4.0, abs=0.01)
    again = written_again(tmp_path / f"a{suffix}", tmp_path / "b.mp4")
    assert float(again[-1].duration) == pytest.approx(4.0, abs=0.01)
    assert float(probe_video(tmp_path / "b.mp4").duration or 0) == pytest.approx(5.1, abs=0.01)


def test_the_last_picture_of_a_gif_stays(tmp_path):
    pictures = [Image.fromarray(picture) for picture in make.moving_frames(5)]
    durations = [80, 80, 80, 80, 3000]
    pictures[0].save(
        tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=durations
    )
    again = written_again(tmp_path / "a.gif", tmp_path / "b.mp4")
    assert [float(f.duration) for f in again] == pytest.approx([0.08] * 4 + [3.0], abs=0.011)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_few_frames_a_second_each(tmp_path, count, suffix):
    codec = "mpeg4" if suffix == ".avi" else "libx264"
    path = make.write_video(tmp_path / f"a{suffix}", count, fps=1, codec=codec)
    assert [float(f.time) for f in read(path)] == list(range(count))
    again = written_again(path, tmp_path / "b.mp4")
    assert [float(f.duration) for f in again] == [1.0] * count


def test_wrong_duration_tags(tmp_path):
    data = make.write_video(tmp_path / "a.mkv", 24).read_bytes()
    at = data.rindex(b"00:00:0")
    (tmp_path / "b.mkv").write_bytes(data[:at] + b"00:09:0" + data[at + 7 :])
    assert len(read(tmp_path / "b.mkv")) == 24
    data = make.write_video(tmp_path / "a.mp4", 24).read_bytes()
    at = data.index(b"mdhd") + 20  # its duration, after version, times and time scale
    (tmp_path / "b.mp4").write_bytes(data[:at] + b"\0\x7f\0\0" + data[at + 4 :])
    assert len(read(tmp_path / "b.mp4")) == 24


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".mp4"])
def test_a_picture_that_starts_late(tmp_path, suffix):
    """Its time 0 is its first picture; the sound before that is left out."""
    path = make.write_video(
        tmp_path / f"a{suffix}",
        24,
        pts=range(15, 39),
        time_base=Fraction(1, 24),
        audio=make.clicks(1.6, (1.0,)),
    )
    frames = read(path)
    assert len(frames) == 24
    assert frames[0].time == 0
    assert float(frames[-1].time) == pytest.approx(23 / 24, abs=0.01)


def test_frames_left_out_in_avi(tmp_path):
    ticks = [0, 1, 2, 6, 7, 8, 20, 21]
    path = make.write_video(
        tmp_path / "a.avi", 8, codec="mpeg4", pts=ticks, time_base=Fraction(1, 24)
    )
    frames = read(path)
    assert len(frames) == count_frames(path) == 8
    assert [round(f.time * 24) for f in frames] == ticks


def cut(path, target, share):
    data = path.read_bytes()
    target.write_bytes(data[: round(len(data) * share)])
    return target


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_what_broke_off_can_be_edited_before_that(tmp_path, suffix):
    path = make.write_video(tmp_path / f"a{suffix}", 60, options={"g": "12"})
    if suffix == ".mp4":
        with (
            av.open(str(path)) as source,
            av.open(str(tmp_path / "front.mp4"), "w", options={"movflags": "faststart"}) as out,
        ):
            stream = out.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    out.mux(packet)
        path = tmp_path / "front.mp4"
    for share in (0.5, 0.6, 0.73):
        broken = cut(path, tmp_path / f"cut{suffix}", share)
        assert is_cut_off(broken)
        assert not is_cut_off(path)
        with pytest.raises(MediaError, match=r"edit only the frames before \d+") as error:
            read(broken)
        good = int(str(error.value).rsplit(" ", 1)[1])
        frames = read(broken, 0, good)
        assert len(frames) == good > 15
        assert len(read(broken, good - 2, good)) == 2
        whole = read(path, 0, good)
        assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(frames, whole, strict=True))


def test_a_whole_file_with_something_after_it_is_whole(tmp_path):
    for suffix in (".mp4", ".mkv"):
        path = make.write_video(tmp_path / f"a{suffix}", 4)
        path.write_bytes(path.read_bytes() + b"\0" * 1000)
        assert not is_cut_off(path)
        assert len(read(path)) == 4


def test_packets_without_a_picture_hold_the_one_before(tmp_path):
    """Theora, of which a still scene is such packets, and captures that drop frames."""
    whole = make.write_video(tmp_path / "whole.mkv", 12, codec="mpeg4", fps=25)
    with av.open(str(whole)) as given, av.open(str(tmp_path / "a.nut"), "w") as out:
        stream = out.add_stream_from_template(given.streams.video[0])
        for index, packet in enumerate(given.demux(video=0)):
            if packet.size == 0:
                continue
            if index in (4, 5, 10, 11):
                pts, duration, base = packet.pts, packet.duration, packet.time_base
                packet = av.Packet(b"")
                packet.pts = packet.dts = pts
                packet.duration, packet.time_base = duration, base
            packet.stream = stream
            out.mux(packet)
    with av.open(str(tmp_path / "a.nut")) as made:
        assert sum(p.size == 0 and p.pts is not None for p in made.demux(video=0)) == 4
    with VideoReader(tmp_path / "a.nut") as reader:
        frames = [(float(f.time), float(f.duration)) for f in reader.frames()]
    assert len(frames) == count_frames(tmp_path / "a.nut") == 8
    assert frames[3] == pytest.approx((0.12, 0.12), abs=0.002)
    assert frames[-1] == pytest.approx((0.36, 0.12), abs=0.002)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_an_mp4_without_its_index(tmp_path, share):
    """FFmpeg opens some of them, with one stream of nothing."""
    whole = make.write_video(tmp_path / "whole.mp4", 48, audio=make.tone(2.0))
    data = whole.read_bytes()
    (tmp_path / "a.mp4").write_bytes(data[: round(share * data.index(b"moov"))])
    for read_file in (probe_video, load_sound):
        with pytest.raises(MediaError, match="the file is incomplete"):
            read_file(tmp_path / "a.mp4")
