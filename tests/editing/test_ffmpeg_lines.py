"""The lines for FFmpeg that messages name are run in a shell, on files with awkward names; what they write can be edited."""

import re
import shutil
import subprocess
from contextlib import closing
from fractions import Fraction

import av
import numpy as np
import pytest

import media_factory as make
from soundini.config.presets import load_preset
from soundini.editing.part import read_part
from soundini.editing.request import EditRequest, MaskRequest
from soundini.errors import MediaError
from soundini.generators import finish
from soundini.media.video_info import probe_video
from soundini.media.video_reader import VideoReader

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="there is no ffmpeg here")
NAMES = ["a.mp4", "-my 'film'; echo $HOME.mp4"]


def do_as_told(message, folder):
    """Run the line that a message ends with, and open what it writes."""
    line = re.search(r"with: (ffmpeg -i .* out\.mp4)$", message)[1]
    subprocess.run(line, shell=True, cwd=folder, check=True, capture_output=True, timeout=120)
    assert sorted(p.suffix for p in folder.iterdir()).count(".mp4") == 2
    return probe_video(folder / "out.mp4")


def refused(path):
    with pytest.raises(MediaError) as error:
        probe_video(path)
    return str(error.value)


@needs_ffmpeg
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_made_sdr(tmp_path, name, transfer):
    path = make.write_video(
        tmp_path / name, 4, pixel_format="yuv420p10le", color=(1, 9, 9, transfer), matrix=9
    )
    told = refused(path)
    assert "HDR is not supported" in told
    info = do_as_told(told, tmp_path)
    assert (info.pixel_format, info.color.hdr_reason()) == ("yuv420p", None)
    with VideoReader(tmp_path / "out.mp4") as reader:
        frames = list(reader.frames())
    assert len(frames) == 4
    assert 20 < np.mean([f.rgb.mean() for f in frames]) < 235


@needs_ffmpeg
@pytest.mark.parametrize("name", NAMES)
def test_an_unusual_matrix_is_made_a_usual_one(tmp_path, name):
    red, green, blue = make.texture(64, 96).astype(float).transpose(2, 0, 1)
    picture = np.stack([red, green, blue], 2)
    levels = [
        16 + 219 / 255 * (red + 2 * green + blue) / 4,  # YCgCo: H.273, 8.3
        128 + 224 / 255 * (2 * green - red - blue) / 4,
        128 + 224 / 255 * (red - blue) / 2,
    ]
    path = tmp_path / name
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=24, options={"crf": "0"})
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv444p"
        context = stream.codec_context
        context.color_range, context.colorspace = 1, 8
        for index in range(4):
            frame = av.VideoFrame.from_ndarray(
                np.rint(np.stack(levels)).astype(np.uint8), "yuv444p"
            )
            frame.pts, frame.time_base = index, Fraction(1, 24)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    told = refused(path)
    assert "its YUV matrix (H.273 code 8) is not supported" in told
    info = do_as_told(told, tmp_path)
    assert info.color.is_known_matrix()
    assert info.frame_count == 4
    with VideoReader(tmp_path / "out.mp4") as reader:
        assert np.abs(next(reader.frames()).rgb - picture).mean() < 7


@needs_ffmpeg
@pytest.mark.parametrize("name", NAMES)
def test_fields_are_made_frames(tmp_path, name):
    path = make.write_video(tmp_path / name, 8, options={"x264-params": "tff=1"})
    request = EditRequest(
        video=path,
        sound=str(make.write_sound(tmp_path / "fire.wav", make.tone(1.0))),
        output=tmp_path / "edited.mp4",
        mask=MaskRequest(whole_frame=True),
        recipe=load_preset("fast"),
        models="debug",
    )
    with closing(finish(read_part(request))) as part:
        (note,) = part.notes
    told = str(note)
    assert "is interlaced" in told
    assert do_as_told(told, tmp_path).fields is None


@needs_ffmpeg
@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_codec(tmp_path, name):
    """The line is for another FFmpeg, which knows the codec; here it is run on a file under the same name that this one knows."""
    content = make.write_video(tmp_path / "known.mkv", 4, codec="mpeg4").read_bytes()
    path = tmp_path / name
    path.write_bytes(content.replace(b"V_MPEG4/ISO/ASP", b"V_NOBODYS/CODEC"))
    told = refused(path)
    assert "its video codec is not known to this FFmpeg" in told
    path.write_bytes(content)
    assert do_as_told(told, tmp_path).codec == "h264"
