from __future__ import annotations

import itertools
import os
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import media_factory as make
from soundini.errors import MediaError
from soundini.media.video_info import probe_video
from soundini.media.video_reader import VideoReader, count_frames

BT709 = (1, 1, 1, 1)
BT601 = (1, 6, 6, 6)
FULL_709 = (2, 1, 1, 1)


def read(path: Path, *part: int):
    with VideoReader(path) as video:
        return list(video.frames(*part))


def test_probe_tells_what_was_written(tmp_path):
    path = make.write_video(
        tmp_path / "a.mp4", 24, size=(64, 96), fps=Fraction(30000, 1001), color=BT709,
        audio=make.tone(0.8),
    )  # fmt: skip
    info = probe_video(path)
    assert (info.width, info.height, info.frame_count) == (96, 64, 24)
    assert info.frame_rate == Fraction(30000, 1001)
    assert info.duration == 24 * Fraction(1001, 30000)
    assert (info.color.range, info.color.space) == (1, 1)
    assert (info.color.primaries, info.color.transfer) == (1, 1)
    assert (info.codec, info.pixel_format, info.audio_codec) == ("h264", "yuv420p", "aac")
    assert info.has_audio
    assert info.rotation == 0


@pytest.mark.parametrize("color", [BT709, BT601, FULL_709, (0, 2, 2, 2)])
def test_colours_follow_the_tags(tmp_path, color):
    pictures = make.moving_frames(3)
    path = make.write_video(
        tmp_path / "a.mp4", pictures, color=color, pixel_format="yuv444p", options={"qp": "1"}
    )
    for frame, picture in zip(read(path), pictures, strict=True):
        assert make.psnr(frame.rgb, picture) > 44
        drift = frame.rgb.astype(float).mean((0, 1)) - picture.astype(float).mean((0, 1))
        assert np.abs(drift).max() < 1


@pytest.mark.parametrize(("size", "matrix"), [((720, 1280), 1), ((64, 96), 5)])
def test_an_untagged_matrix_follows_the_size(tmp_path, size, matrix):
    fast = {"qp": "1", "preset": "ultrafast"}
    picture = make.texture(*size)
    right, wrong = (
        make.write_video(
            tmp_path / f"{m}.mp4", [picture], matrix=m, pixel_format="yuv444p", options=fast
        )
        for m in (matrix, 6 - matrix)
    )
    assert make.psnr(read(right)[0].rgb, picture) > 44
    assert make.psnr(read(wrong)[0].rgb, picture) < 35


@pytest.mark.parametrize(
    ("rotation", "mirrored", "turn"),
    [
        (0, False, lambda p: p),
        (90, False, lambda p: np.rot90(p, 1)),
        (180, False, lambda p: np.rot90(p, 2)),
        (-90, False, lambda p: np.rot90(p, -1)),
        (0, True, lambda p: p[:, ::-1]),
        (90, True, lambda p: np.rot90(p, 1)[:, ::-1]),
    ],
)
def test_rotation_is_applied(tmp_path, rotation, mirrored, turn):
    pictures = make.moving_frames(2)
    path = make.write_video(tmp_path / "a.mp4", pictures, rotation=rotation, mirrored=mirrored)
    frames = read(path)
    expected = turn(pictures[0])
    assert frames[0].rgb.shape == expected.shape
    assert make.psnr(frames[0].rgb, expected) > 25
    info = probe_video(path)
    assert (info.height, info.width) == expected.shape[:2]
    if not mirrored:
        assert info.rotation == rotation % 360


def test_variable_rate_keeps_every_time(tmp_path):
    ticks = [0, 40, 73, 200, 210, 455, 456, 999]
    path = make.write_video(tmp_path / "a.mkv", 8, pts=ticks, time_base=Fraction(1, 1000))
    frames = read(path)
    assert [f.time for f in frames] == [Fraction(t, 1000) for t in ticks]
    assert [f.index for f in frames] == list(range(8))
    for here, there in itertools.pairwise(frames):
        assert here.time + here.duration == there.time


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".ts", ".avi"])
def test_a_part_has_the_frames_of_the_whole(tmp_path, suffix):
    path = make.write_video(
        tmp_path / f"a{suffix}", 30, fps=25, codec="mpeg4" if suffix == ".avi" else "libx264"
    )
    whole = read(path)
    assert len(whole) == 30
    assert whole[0].time == 0
    part = read(path, 11, 17)
    assert [f.index for f in part] == list(range(11, 17))
    for frame in part:
        assert np.array_equal(frame.rgb, whole[frame.index].rgb)
        assert (frame.time, frame.duration) == (
            whole[frame.index].time,
            whole[frame.index].duration,
        )
    assert read(path, 28)[-1].index == 29
    assert read(path, 30) == []
    assert read(path, 5, 5) == []
    assert count_frames(path) == 30


def test_two_iterators_run_side_by_side(tmp_path):
    path = make.write_video(tmp_path / "a.mp4", 6)
    with VideoReader(path) as video:
        pairs = list(zip(video.frames(0, 4), video.frames(2, 6), strict=True))
    assert [(a.index, b.index) for a, b in pairs] == [(0, 2), (1, 3), (2, 4), (3, 5)]


def test_memory_does_not_grow_with_length(tmp_path):
    def peak(count: int) -> int:
        path = make.write_video(
            tmp_path / f"{count}.mp4",
            make.moving_frames(4) * (count // 4),
            options={"preset": "ultrafast"},
        )
        tracemalloc.start()
        with VideoReader(path) as video:
            for _ in video.frames():
                pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(20)
    assert peak(200) < peak(20) + 64 * 96 * 3


def test_hidden_frames_of_vp8_are_not_counted(tmp_path):
    path = make.write_video(tmp_path / "a.gif", 7, fps=10, codec="gif", pixel_format="rgb8")
    assert count_frames(path) == len(read(path)) == 7


BAD = {
    "missing.mp4": (None, "no such file"),
    "empty.mp4": (b"", "empty"),
    "text.mp4": (b"hello, this is no video at all\n" * 20, "not a video"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_video(tmp_path, name):
    content, words = BAD[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError, match=words) as error:
        probe_video(tmp_path / name)
    assert "\n" not in str(error.value)
    assert name in str(error.value)


def test_a_folder_a_pipe_a_sound_and_a_picture_are_no_videos(tmp_path):
    with pytest.raises(MediaError, match="is a folder"):
        probe_video(tmp_path)
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(MediaError, match="not a plain file"):
        probe_video(tmp_path / "pipe.mp4")
    sound = make.write_sound(tmp_path / "a.wav", make.tone(0.1))
    with pytest.raises(MediaError, match="holds sound but no video"):
        probe_video(sound)
    with pytest.raises(MediaError, match="still image"):
        probe_video(make.write_image(tmp_path / "a.png", make.texture(32, 32)))


def test_no_network_address_is_opened(tmp_path):
    with pytest.raises(MediaError, match="no such file"):
        probe_video("http://127.0.0.1:9/a.mp4")
    playlist = tmp_path / "a.m3u8"
    playlist.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"
    )
    with pytest.raises(MediaError):
        probe_video(playlist)


@pytest.mark.parametrize("color", [(1, 2, 2, 16), (1, 2, 2, 18), (1, 9, 9, 14), (1, 2, 9, 2)])
def test_hdr_tags_are_refused(tmp_path, color):
    path = make.write_video(tmp_path / "-a clip.mp4", 2, color=color)
    with pytest.raises(MediaError, match=r"HDR is not supported.*: ffmpeg -i './-a clip\.mp4' -vf"):
        probe_video(path)


def test_sizes_out_of_range(tmp_path):
    with pytest.raises(MediaError, match="12x64 pixels; the smallest"):
        probe_video(make.write_video(tmp_path / "a.mp4", 1, size=(64, 12)))
    wide = make.write_video(tmp_path / "b.mkv", [np.zeros((16, 8208, 3), np.uint8)], codec="ffv1")
    with pytest.raises(MediaError, match="8208x16 pixels; the largest"):
        probe_video(wide)


def test_a_missing_index_and_an_unknown_codec(tmp_path):
    path = make.write_video(tmp_path / "a.mp4", 8)
    data = path.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: data.index(b"moov") - 4])
    with pytest.raises(MediaError, match=r"incomplete.*moov"):
        probe_video(tmp_path / "cut.mp4")
    (tmp_path / "odd.mp4").write_bytes(data.replace(b"avc1", b"zzz1"))
    with pytest.raises(MediaError, match="codec"):
        probe_video(tmp_path / "odd.mp4")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_file_that_ends_early_says_where(tmp_path, suffix):
    path = make.write_video(tmp_path / f"a{suffix}", 48, options={"crf": "12", "g": "12"})
    data = path.read_bytes()
    if suffix == ".mp4":  # the index comes first, as in a download that broke off
        import av

        with (
            av.open(str(path)) as source,
            av.open(str(tmp_path / "f.mp4"), "w", options={"movflags": "faststart"}) as out,
        ):
            stream = out.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    out.mux(packet)
        data = (tmp_path / "f.mp4").read_bytes()
    cut = tmp_path / f"cut{suffix}"
    cut.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(MediaError, match=r"decoding failed at frame \d+ ") as error:
        read(cut)
    assert "\n" not in str(error.value)


def test_corrupt_pictures_say_where(tmp_path):
    path = make.write_video(tmp_path / "a.mp4", 40, options={"crf": "12", "g": "10"})
    data = bytearray(path.read_bytes())
    begin = data.index(b"mdat") + 4
    end = data.index(b"moov") if data.index(b"moov") > begin else len(data)
    middle = (begin + end) // 2
    data[middle : middle + 3000] = np.random.default_rng(0).bytes(3000)
    (tmp_path / "bad.mp4").write_bytes(bytes(data))
    with pytest.raises(MediaError, match=r"decoding failed at frame \d+ "):
        read(tmp_path / "bad.mp4")


def test_files_close(tmp_path):
    path = make.write_video(tmp_path / "a.mp4", 8)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with VideoReader(path) as video:
        next(iter(video.frames()))
    for _ in range(3):
        read(path, 2, 4)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
