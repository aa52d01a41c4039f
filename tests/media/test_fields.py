"""Interlaced pictures stay interlaced: the field order and, outside the mask, every sample."""

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

import media_factory as make
from soundini.media.fields import FieldMark, field_order, written_fields
from soundini.media.orientation import Orientation
from soundini.media.planes import written_format
from soundini.media.video_info import probe_video
from soundini.media.video_reader import VideoReader
from soundini.media.video_writer import VideoWriter


def write_fields(path, order, size=(64, 96), pixel_format="yuv420p", codec="libx264"):
    """A bar whose two fields are half a step apart."""
    options = {"flags": "+ilme+ildct"} | ({"crf": "0"} if codec == "libx264" else {})
    mark = FieldMark(order)
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options=options)
        stream.height, stream.width = size
        stream.pix_fmt = pixel_format
        for index in range(8):
            picture = make.texture(*size, 3)
            for row in range(size[0]):
                late = (row % 2 == 0) == (order == "bff")
                picture[row, 8 * index + 4 * late :][:6] = 235
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            out.mux(stream.encode(mark.mark(frame)))
        out.mux(stream.encode(None))
    return path


def edited(path, target):
    info = probe_video(path)
    pixels = written_format(info)
    fields = written_fields(info, pixels)
    with (
        VideoReader(path, planes=pixels) as reader,
        VideoWriter(target, info, crf=0, pixel_format=pixels, fields=fields) as writer,
    ):
        for frame in reader.frames():
            rgb = frame.rgb.copy()
            rgb[:16, :32] = 255 - rgb[:16, :32]
            writer.write(rgb, frame.time, frame.duration, frame)
    return target


def luma(path):
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="gray") for f in container.decode(video=0)])


@pytest.mark.parametrize("order", ["tff", "bff"])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p"])
def test_what_is_written_has_the_sources_fields(tmp_path, order, pixel_format):
    path = write_fields(tmp_path / "a.mp4", order, pixel_format=pixel_format)
    assert probe_video(path).fields == order
    target = edited(path, tmp_path / "b.mp4")
    assert probe_video(target).fields == order
    with av.open(str(target)) as container:
        assert {field_order(frame) for frame in container.decode(video=0)} == {order}
    before, after = luma(path), luma(target)
    assert (before[:, 16:] == after[:, 16:]).all()
    assert (before[:, :, 34:] == after[:, :, 34:]).all()
    assert np.abs(before[:, :16, :32].astype(int) - after[:, :16, :32]).mean() > 20


def test_mpeg2_of_cameras(tmp_path):
    path = write_fields(tmp_path / "a.mpg", "tff", codec="mpeg2video")
    assert probe_video(path).fields == "tff"
    assert probe_video(edited(path, tmp_path / "b.mp4")).fields == "tff"


def test_what_holds_no_fields(tmp_path):
    """A field of 33 rows has no whole number of chroma rows; rows of a picture that is turned become columns."""
    info = probe_video(write_fields(tmp_path / "a.mp4", "tff"))
    assert written_fields(info, None) == "tff"
    assert written_fields(info, "gbrp") is None
    odd = replace(info, height=66)
    assert written_fields(odd, "yuv420p") is None
    assert written_fields(odd, "yuv422p") == "tff"
    assert written_fields(replace(info, orientation=Orientation(transpose=True)), None) is None
    assert written_fields(replace(info, orientation=Orientation(flip_y=True)), None) is None


def test_progressive_pictures_have_none(tmp_path):
    path = make.write_video(tmp_path / "a.mp4", 4)
    assert probe_video(path).fields is None
    assert probe_video(edited(path, tmp_path / "b.mp4")).fields is None
