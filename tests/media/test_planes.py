"""What an edit does not touch is written as the source has it: pixel format and samples."""

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

import media_factory as make
from soundini.media.planes import written_format
from soundini.media.video_info import probe_video
from soundini.media.video_reader import VideoReader
from soundini.media.video_writer import VideoWriter

SIZE = (64, 96)
MASK = make.disc_mask(SIZE) > 0


def noise(count=3):
    """Colours that no two neighbours share, as in coloured text: halving them loses most."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*SIZE, 3)).astype(np.uint8) for _ in range(count)]


def edited(path, target, pixels=None, change=40):
    """Write a video again with a brighter disc."""
    with VideoReader(path) as probe:
        pixels = pixels or written_format(probe.info)
    with (
        VideoReader(path, planes=pixels) as reader,
        VideoWriter(target, reader.info, crf=0, pixel_format=pixels) as writer,
    ):
        for frame in reader.frames():
            mask = make.disc_mask(frame.rgb.shape[:2]) > 0
            rgb = frame.rgb.copy()
            rgb[mask] = np.clip(rgb[mask].astype(int) + change, 0, 255)
            writer.write(rgb, frame.time, frame.duration, frame)


def planes(path):
    """All planes of all frames, as they are stored."""
    with av.open(str(path)) as container:
        found = []
        for frame in container.decode(video=0):
            deep = "10" in frame.format.name
            dtype = np.uint16 if deep else np.uint8
            found.append(
                [
                    np.frombuffer(p, dtype).reshape(p.height, -1)[:, : p.width].copy()
                    for p in list(frame.planes)[:3]
                ]
            )
        return found


def block_mask(shape):
    """Which samples of a plane have a pixel in the mask."""
    down, across = SIZE[0] // shape[0], SIZE[1] // shape[1]
    return MASK.reshape(shape[0], down, shape[1], across).any((1, 3))


FORMATS = ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"]


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("color", [(1, 1, 1, 1), (2, 5, 2, 2)])
def test_samples_outside_the_mask_are_the_sources_to_the_bit(tmp_path, pixel_format, color):
    path = make.write_video(
        tmp_path / "a.mkv", noise(), codec="ffv1", pixel_format=pixel_format, color=color
    )
    edited(path, tmp_path / "b.mp4")
    assert probe_video(tmp_path / "b.mp4").pixel_format.replace("yuvj", "yuv") == pixel_format
    for before, after in zip(planes(path), planes(tmp_path / "b.mp4"), strict=True):
        for one, other in zip(before, after, strict=True):
            touched = block_mask(one.shape)
            assert np.array_equal(one[~touched], other[~touched])
        scale = 4 if "10" in pixel_format else 1
        rise = (after[0].astype(float) - before[0])[MASK].mean() / scale
        assert rise > 15


def test_the_change_is_that_of_the_picture(tmp_path):
    path = make.write_video(tmp_path / "a.mp4", make.moving_frames(2), options={"crf": "0"})
    edited(path, tmp_path / "b.mp4", change=30)
    with VideoReader(path) as before, VideoReader(tmp_path / "b.mp4") as after:
        for one, other in zip(before.frames(), after.frames(), strict=True):
            rise = other.rgb.astype(int) - one.rgb
            assert np.abs(rise[MASK] - 30).mean() < 2.5
            assert np.abs(rise[~make.disc_mask(SIZE, 20).astype(bool)]).max() == 0


@pytest.mark.parametrize("rotation", [90, 180])
def test_turned_pictures_keep_their_samples(tmp_path, rotation):
    path = make.write_video(tmp_path / "a.mp4", noise(), options={"crf": "0"}, rotation=rotation)
    edited(path, tmp_path / "b.mp4", change=0)
    turns = rotation // 90
    for before, after in zip(planes(path), planes(tmp_path / "b.mp4"), strict=True):
        for one, other in zip(before, after, strict=True):
            assert np.array_equal(np.rot90(one, turns), other)


@pytest.mark.parametrize(
    ("pixel_format", "codec", "size", "rotation", "written"),
    [
        ("yuvj420p", "mjpeg", SIZE, 0, "yuv420p"),
        ("yuv411p", "ffv1", SIZE, 0, "yuv422p"),
        ("yuv410p", "ffv1", SIZE, 0, "yuv420p"),
        ("yuv440p", "ffv1", SIZE, 0, "yuv444p"),
        ("gray", "ffv1", SIZE, 0, "yuv420p"),
        ("bgr0", "ffv1", SIZE, 0, "gbrp"),
        ("yuv420p", "ffv1", (63, 96), 0, "yuv444p"),
        ("yuv422p", "ffv1", (63, 96), 0, "yuv422p"),
        ("yuv444p12le", "ffv1", SIZE, 0, "yuv444p10le"),
        ("yuv420p16le", "ffv1", SIZE, 0, "yuv420p10le"),
    ],
)
def test_the_nearest_format_is_written(tmp_path, pixel_format, codec, size, rotation, written):
    suffix = ".mkv"
    path = make.write_video(
        tmp_path / f"a{suffix}",
        2,
        size=size,
        codec=codec,
        pixel_format=pixel_format,
        rotation=rotation,
    )
    assert written_format(probe_video(path)) == written
    edited(path, tmp_path / "b.mp4")
    if written == pixel_format.replace("yuvj", "yuv"):  # its samples are kept
        for one, other in zip(planes(path), planes(tmp_path / "b.mp4"), strict=True):
            assert np.array_equal(one[0][:16], other[0][:16])
            assert np.array_equal(one[1][:8], other[1][:8])
        return
    with VideoReader(path) as before, VideoReader(tmp_path / "b.mp4") as after:
        for one, other in zip(before.frames(), after.frames(), strict=True):
            outside = make.disc_mask(size, 16) == 0
            assert np.abs(one.rgb[outside].astype(int) - other.rgb[outside]).mean() < 2.5


@pytest.mark.parametrize(
    ("packed", "written"),
    [
        *(("vuyx", "yuv444p"), ("ayuv64le", "yuv444p10le"), ("v30xle", "yuv444p10le")),
        *(("y210le", "yuv422p10le"), ("yvyu422", "yuv422p"), ("p016le", "yuv420p10le")),
        *(("gray16le", "yuv420p"), ("ya8", "yuv420p"), ("yuv422p9be", "yuv422p10le")),
    ],
)
def test_packed_formats_keep_their_colours(tmp_path, packed, written):
    info = probe_video(make.write_video(tmp_path / "a.mp4", 2))
    assert written_format(replace(info, pixel_format=packed)) == written


@pytest.mark.parametrize(
    ("suffix", "codec", "pixel_format"),
    [
        (".mkv", "ffv1", "bgr0"),
        (".avi", "utvideo", "gbrp"),
        (".mov", "png", "rgb24"),
        (".mov", "qtrle", "rgb24"),
        (".avi", "rawvideo", "bgr24"),
        (".mp4", "libx264rgb", "rgb24"),
        (".mkv", "ffv1", "gbrp10le"),
    ],
)
@pytest.mark.parametrize("size", [SIZE, (63, 95)])
def test_rgb_stays_rgb_to_the_bit(tmp_path, suffix, codec, pixel_format, size):
    """Also where the edit changes nothing of a pixel, and at odd sizes, which RGB has no trouble with."""
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (*size, 3)).astype(np.uint8) for _ in range(3)]
    options = {"crf": "0"} if codec == "libx264rgb" else None
    path = make.write_video(
        tmp_path / f"a{suffix}", pictures, codec=codec, pixel_format=pixel_format, options=options
    )
    edited(path, tmp_path / "b.mp4")
    info = probe_video(tmp_path / "b.mp4")
    assert (info.pixel_format, info.color.space, info.color.range) == ("gbrp", 0, 2)
    inside = make.disc_mask(size) > 0
    with VideoReader(path) as before, VideoReader(tmp_path / "b.mp4") as after:
        for picture, one, other in zip(pictures, before.frames(), after.frames(), strict=True):
            if pixel_format != "gbrp10le":
                assert np.array_equal(one.rgb, picture)
            assert np.array_equal(one.rgb[~inside], other.rgb[~inside])
            bright = np.clip(one.rgb[inside].astype(int) + 40, 0, 255)
            assert np.array_equal(other.rgb[inside], bright)


@pytest.mark.parametrize("codec", ["prores_ks", "ffv1"])
def test_ten_bits_are_read_and_written(tmp_path, codec):
    """A ramp with four steps to a level of eight bits."""
    ramp = np.repeat(np.arange(64, 64 + 4 * 96, 4, dtype=np.uint16)[None], 64, 0)
    ramp += (np.arange(64, dtype=np.uint16) % 4)[:, None]
    path = tmp_path / "a.mov" if codec == "prores_ks" else tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=24)
        stream.height, stream.width = SIZE
        stream.pix_fmt = "yuv422p10le"
        for index in range(2):
            frame = av.VideoFrame(96, 64, "yuv422p10le")
            for plane, values in zip(
                frame.planes, (ramp, np.full((64, 48), 512), np.full((64, 48), 512)), strict=True
            ):
                target = np.frombuffer(plane, np.uint16).reshape(plane.height, -1)
                target[:, : plane.width] = values
            frame.pts, frame.time_base = index, Fraction(1, 24)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with VideoReader(path) as reader:
        grey = next(reader.frames()).rgb.astype(float).mean((0, 2))
    expected = (np.arange(96) + 0.375) * 255 / 219
    assert np.abs(grey - expected).max() < 2.5
    edited(path, tmp_path / "b.mp4", change=0)
    assert probe_video(tmp_path / "b.mp4").pixel_format == "yuv422p10le"
    for before, after in zip(planes(path), planes(tmp_path / "b.mp4"), strict=True):
        assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
