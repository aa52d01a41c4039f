"""Films that are told by what they hold: animations, pictures without a container, stills, and files that are something else."""

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.errors import MediaError
from soundini.media.mended import MendedFile
from soundini.media.video_info import probe_video
from soundini.media.video_reader import VideoReader, count_frames


def save(path, **options):
    first, *others = [Image.fromarray(picture) for picture in make.moving_frames(5)]
    first.save(path, save_all=True, append_images=others, **options)
    return path


def times(path):
    with VideoReader(path) as reader:
        return [(float(f.time), float(f.duration)) for f in reader.frames()]


@pytest.mark.parametrize("name", ["a.avif", "a.gif", "a.png", "a.webp", "named.mp4"])
def test_animations_are_films(tmp_path, name):
    options = {"max_threads": 1} if name == "a.avif" else {}
    if name == "named.mp4":
        options = {"format": "WEBP"}
    path = save(tmp_path / name, duration=[50, 50, 100, 100, 2500], **options)
    assert count_frames(path) == 5
    begins, lengths = zip(*times(path), strict=True)
    assert begins == pytest.approx([0, 0.05, 0.1, 0.2, 0.3])
    assert lengths[-1] == pytest.approx(2.5)


@pytest.mark.parametrize("name", ["a.avif", "a.png", "a.jpg", "a.webp", "a.tif", "a.bmp"])
def test_a_still_is_no_film(tmp_path, name):
    Image.fromarray(make.texture(64, 96)).save(tmp_path / name)
    with pytest.raises(MediaError, match="is a still image; give a video file"):
        probe_video(tmp_path / name)


def test_an_animated_webp_to_the_bit(tmp_path):
    path = save(tmp_path / "a.webp", duration=40, lossless=True)
    with VideoReader(path) as reader:
        shown = [frame.rgb for frame in reader.frames()]
        late = [frame.rgb for frame in reader.frames(3)]
    assert (np.stack(shown) == make.moving_frames(5)).all()
    assert (np.stack(late) == shown[3:]).all()


def test_an_animated_webp_with_alpha(tmp_path):
    discs = [np.uint8(255 * make.disc_mask(radius=radius)) for radius in (8, 12, 16)]
    pictures = [Image.fromarray(np.dstack([make.texture(64, 96), disc])) for disc in discs]
    pictures[0].save(
        tmp_path / "a.webp", save_all=True, append_images=pictures[1:], lossless=True, duration=40
    )
    with VideoReader(tmp_path / "a.webp", alpha=True) as reader:
        assert (np.stack([frame.alpha for frame in reader.frames()]) == discs).all()


def test_an_animated_webp_that_broke_off(tmp_path):
    path = save(tmp_path / "a.webp", duration=40, lossless=True)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(MediaError, match="copy or export the file again") as error:
        times(path)
    assert "\n" not in str(error.value)


def test_an_animated_webp_that_changes_is_read_anew(tmp_path):
    path = save(tmp_path / "a.webp", duration=40)
    assert len(times(path)) == 5
    save(path, duration=250, lossless=True)
    assert times(path)[1] == (0.25, 0.25)


def without_control_blocks(path, extension):
    """A GIF as old programs write it: pictures, perhaps after an extension, without a time for each."""
    content = path.read_bytes()
    at = 13 + (3 << (content[10] & 7) + 1 if content[10] & 0x80 else 0)
    out = content[:at] + extension
    while content[at] != 0x3B:
        begin, is_picture = at, content[at] == 0x2C
        at += 10 if is_picture else 2
        if is_picture:
            at += (3 << (content[begin + 9] & 7) + 1 if content[begin + 9] & 0x80 else 0) + 1
        while content[at]:
            at += 1 + content[at]
        at += 1
        out += content[begin:at] if is_picture else b""
    path.write_bytes(out + b"\x3b")
    return path


@pytest.mark.parametrize("extension", [b"", b"\x21\xff\x0bNETSCAPE2.0\3\1\0\0\0"])
def test_pictures_of_a_gif_that_have_no_time(tmp_path, extension):
    path = without_control_blocks(save(tmp_path / "a.gif", duration=50), extension)
    assert times(path) == [(pytest.approx(i / 10), pytest.approx(0.1)) for i in range(5)]
    assert count_frames(path) == 5


def test_pictures_without_a_container(tmp_path):
    path = make.write_video(tmp_path / "a.mjpeg", 6, codec="mjpeg", pixel_format="yuvj420p", fps=25)
    assert [t for t, _ in times(path)] == pytest.approx([i / 25 for i in range(6)])


def test_frames_without_a_time_come_before_those_that_have_one(tmp_path):
    """Matroska has no times before 0: such frames are not pressed into the first moment."""
    path = tmp_path / "a.mkv"
    options = {"avoid_negative_ts": "disabled"}
    with av.open(str(path), "w", container_options=options) as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        for index, picture in enumerate(make.moving_frames(20)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index - 8, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    begins = [t for t, _ in times(path)]
    assert begins == pytest.approx([i / 25 for i in range(20)], abs=0.002)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\n<!DOCTYPE html><html>404</html>", r"a web page \(HTML\); download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS; fetch the file itself"),
        (b"PK\x03\x04" + bytes(60), "a ZIP archive"),
        (b"\x80\x04\x95" + bytes(60), "a pickle of Python"),
        (b"\x89HDF\r\n\x1a\n" + bytes(range(256)), "an HDF5 file"),
        (b"\x1f\x8b\x08" + bytes(60), "gzip; unpack it first"),
        (b"%PDF-1.7\n", "a PDF document; export it as PNG"),
        ("여기에 글".encode(), "plain text; name the file that you mean"),
        (b'{"a": 1}', "JSON"),
    ],
)
@pytest.mark.parametrize("name", ["a.mp4", "a"])
def test_what_is_no_medium_is_named(tmp_path, content, words, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(
        MediaError, match=rf"is not a video, sound or image file, but .*{words}"
    ) as error:
        probe_video(tmp_path / name)
    assert "\n" not in str(error.value)


def test_a_stretch_of_a_file_with_other_bytes(tmp_path):
    (tmp_path / "a").write_bytes(bytes(range(20)))
    pieces = [(5, 8), b"\xff\xfe", (10, 14), b"\xfd"]
    with MendedFile(tmp_path / "a", pieces) as part:
        whole = part.read()
        assert whole == bytes([5, 6, 7, 255, 254, 10, 11, 12, 13, 253])
        assert part.read() == b""
        for begin in range(10):
            assert part.seek(begin) == begin
            assert part.read(3) == whole[begin : begin + 3]
        assert part.seek(-2, 2) == 8
        assert part.seek(-1, 1) == 7
