"""Writing a video that fails: nothing half-written stays, and one line says why."""

import errno
import os
import resource
from fractions import Fraction

import numpy as np
import pytest

import media_factory as make
from soundini.errors import MediaError
from soundini.media.output import check_output
from soundini.media.sound import Sound
from soundini.media.video_info import PictureFormat
from soundini.media.video_writer import VideoWriter

FORMAT = PictureFormat(96, 64, Fraction(24), Fraction(1, 24))


def write_frames(path, frames, **settings):
    with VideoWriter(path, FORMAT, **settings) as out:
        for i, frame in enumerate(frames):
            out.write(frame, Fraction(i, 24))


def guide():
    return Sound(make.clicks(1.0, (0.5,)), make.RATE)


def leftovers(folder):
    return sorted(p.name for p in folder.iterdir())


def test_nothing_appears_before_the_end(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", FORMAT) as out:
        out.write(make.texture(64, 96), Fraction(0))
        assert not (tmp_path / "a.mp4").exists()
    assert leftovers(tmp_path) == ["a.mp4"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_nothing_behind(tmp_path, error):
    (tmp_path / "a.mp4").write_bytes(b"the older output")

    def fail():
        with VideoWriter(tmp_path / "a.mp4", FORMAT, audio="guide", sound=guide()) as out:
            for i, picture in enumerate(make.moving_frames(60)):
                out.write(picture, Fraction(i, 24))
            raise error

    with pytest.raises(error):
        fail()
    assert leftovers(tmp_path) == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_bytes() == b"the older output"


def test_no_frame_at_all(tmp_path):
    with (
        pytest.raises(MediaError, match="no frame was written"),
        VideoWriter(tmp_path / "a.mp4", FORMAT),
    ):
        pass
    assert leftovers(tmp_path) == []


def test_a_disk_that_fills_up(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (90, 64, 96, 3), np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(MediaError, match=r"a\.mp4: ") as error:
            write_frames(tmp_path / "a.mp4", noise, crf=5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(error.value)
    assert leftovers(tmp_path) == []


def test_no_space_left(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MediaError, match="disk is full"):
        write_frames(tmp_path / "a.mp4", make.moving_frames(2))
    assert leftovers(tmp_path) == []


def test_outputs_that_cannot_work(tmp_path):
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "link.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    source = make.write_video(tmp_path / "in.mp4", 2)
    os.link(source, tmp_path / "hard.mp4")
    for name, words in {
        "a.mov": "must end in .mp4",
        "folder.mp4": "is a folder",
        "link.mp4": "symbolic link",
        "missing/a.mp4": "no such folder",
        "in.mp4": "is the input",
        "hard.mp4": "is the input",
        "x" * 300 + ".mp4": "too long",
    }.items():
        with pytest.raises(MediaError, match=words) as error:
            check_output(tmp_path / name, [source])
        assert "\n" not in str(error.value)
    before = leftovers(tmp_path)
    assert check_output(tmp_path / "fine.mp4", [source]) == tmp_path / "fine.mp4"
    assert leftovers(tmp_path) == before
    with pytest.raises(MediaError, match="is the input"):
        VideoWriter(source, FORMAT, audio="source", audio_source=source)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o555)
    with pytest.raises(MediaError, match="cannot be written"):
        check_output(tmp_path / "closed" / "a.mp4")


def test_wrong_frames_are_a_programmers_error(tmp_path):
    with VideoWriter(tmp_path / "a.mp4", FORMAT) as out:
        with pytest.raises(ValueError, match="must be uint8"):
            out.write(np.zeros((64, 95, 3), np.uint8), Fraction(0))
        with pytest.raises(ValueError, match="must be uint8"):
            out.write(np.zeros((64, 96, 3), np.float32), Fraction(0))
        with pytest.raises(ValueError, match="does not come after"):
            out.write(make.texture(64, 96), Fraction(-1))
        out.write(make.texture(64, 96), Fraction(1))
        with pytest.raises(ValueError, match="does not come after"):
            out.write(make.texture(64, 96), Fraction(1))
    with pytest.raises(ValueError, match="needs a sound"):
        VideoWriter(tmp_path / "b.mp4", FORMAT, audio="guide")
    with pytest.raises(ValueError, match="needs an audio_source"):
        VideoWriter(tmp_path / "b.mp4", FORMAT, audio="source")
    with pytest.raises(ValueError, match="crf"):
        VideoWriter(tmp_path / "b.mp4", FORMAT, crf=99)
    assert leftovers(tmp_path) == ["a.mp4"]
