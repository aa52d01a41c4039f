import os
import resource
import struct
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

import media_factory as make
from soundini.media.video_writer import VideoWriter

from .conftest import BOX, assert_refused


def y4m(path, width, height):
    frame = b"FRAME\n" + b"\x80" * (width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2))
    header = f"YUV4MPEG2 W{width} H{height} F24:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(header + 3 * frame)
    return path


def float_wav(path, samples, rate=16000):
    data = np.asarray(samples, "<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, rate, 4 * rate, 4, 32)
    path.write_bytes(
        b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<I", 16) + form
        + b"data" + struct.pack("<I", len(data)) + data
    )  # fmt: skip
    return path


@pytest.fixture(autouse=True)
def nothing_left(out):
    """Whatever goes wrong, the output's folder stays empty."""
    yield
    if out.parent.is_dir():
        assert list(out.parent.iterdir()) == []


def test_truncated_video(edit, video):
    video.write_bytes(video.read_bytes()[:-2000])
    assert_refused(edit(), "in.mp4", "again")


def test_video_whose_pictures_end_early(edit, tmp_path):
    path = make.write_video(tmp_path / "in.mkv", 24)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert_refused(edit(video=path), "in.mkv")


def test_text_named_mp4(edit, tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("this is no video\n" * 40)
    assert_refused(edit(video=path), "notes.mp4")


def test_empty_video(edit, tmp_path):
    path = tmp_path / "empty.mp4"
    path.touch()
    assert_refused(edit(video=path), "empty")


def test_video_of_one_pixel(edit, tmp_path):
    assert_refused(edit(video=y4m(tmp_path / "dot.y4m", 1, 1)), "1x1", "smallest")


def test_video_of_16384_columns(edit, tmp_path):
    assert_refused(edit(video=y4m(tmp_path / "wide.y4m", 16384, 16)), "16384x16", "largest")


def test_video_codec_unknown_here(edit, video):
    video.write_bytes(video.read_bytes().replace(b"avc1", b"zzz1"))
    assert_refused(edit(), "codec", "convert")


def test_encoder_missing_here(edit, monkeypatch):
    def missing(_writer, *_settings):
        raise av.codec.codec.UnknownCodecError("libx264")

    monkeypatch.setattr(VideoWriter, "_add_video", missing)
    assert_refused(edit(), "libx264", "PyAV")


@pytest.mark.parametrize("samples", [[], [0.0], [0.0] * 16000], ids=["none", "one", "silence"])
def test_sound_without_anything_to_hear(edit, tmp_path, samples):
    path = float_wav(tmp_path / "nothing.wav", samples)
    assert_refused(edit(sound=path), "sound")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_sound_that_is_no_number(edit, tmp_path, bad):
    path = float_wav(tmp_path / "bad.wav", [0.1, bad, 0.2] * 3000)
    assert_refused(edit(sound=path), "bad.wav", "NaN")


def test_sound_that_ends_early(edit, sound, tmp_path):
    path = make.write_sound(tmp_path / "tone.flac", make.tone(2))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert_refused(edit(sound=path), "tone.flac", "copy or export it again")
    sound.write_bytes(sound.read_bytes()[:20000])
    assert_refused(edit(), "noise.wav", "incomplete")


def test_sound_of_a_video_without_sound(edit, tmp_path):
    mute = make.write_video(tmp_path / "mute.mp4", 6)
    assert_refused(edit(video=mute, sound="self"), "mute.mp4", "no sound")


def test_missing_files(edit, tmp_path):
    assert_refused(edit(video=tmp_path / "no.mp4"), "no.mp4", "no such file")
    assert_refused(edit(sound=tmp_path / "no.wav"), "no.wav", "no such file")
    assert_refused(edit(mask=("--mask", tmp_path / "no.png")), "no.png")


@pytest.mark.parametrize(
    ("mask", "word"),
    [
        (np.ones((32, 32), np.float32), "32x32"),
        (np.zeros((64, 96), np.float32), "empty"),
        (np.ones((64, 96), np.float32), "--whole-frame"),
    ],
    ids=["of another size", "empty", "full by mistake"],
)
def test_masks(edit, tmp_path, mask, word):
    path = make.write_image(tmp_path / "mask.png", mask)
    assert_refused(edit(mask=("--mask", path)), "mask.png", word)


def test_mask_video_of_another_size(edit, tmp_path):
    path = make.write_video(tmp_path / "mask.mp4", 6, size=(32, 32))
    assert_refused(edit(mask=("--mask", path)), "mask.mp4", "32x32")


def test_masks_in_no_way_or_two(edit):
    assert_refused(edit(mask=()), "--box")
    assert_refused(edit(mask=("--box", BOX, "--whole-frame")), "exactly one")
    assert_refused(edit(mask=("--box", "here")), "x,y,w,h")
    assert_refused(edit(mask=("--box", "500,500,10,10")), "outside")


def test_settings(edit):
    assert_refused(edit("--set", "sampling.stepz=3"), "sampling.stepz", "sampling.steps")
    assert_refused(edit("--set", "sampling.steps=many"), "sampling.steps")
    assert_refused(edit("--set", "sampling.steps"), "key=value")
    assert_refused(edit("--strength", "-1"), "guidance.strength")
    assert_refused(edit("--preset", "fats"), "fast")
    assert_refused(edit("--device", "gpu"), "gpu")
    assert_refused(edit("--models", "nowhere"), "nowhere", "embedded")
    assert_refused(edit("--recipe", "nowhere.json"), "nowhere.json")


def test_parts(edit):
    assert_refused(edit("--start", "4", "--end", "2"), "empty")
    assert_refused(edit("--start", "soon"), "soon")
    assert_refused(edit("--start", "99"), "99")
    assert_refused(edit("--start", "99s"), "99s")


def test_missing_arguments(run, video, sound, out):
    assert_refused(run("edit"), "VIDEO")
    assert_refused(run("edit", video, "--box", BOX, "-o", out), "--sound")
    assert_refused(run("edit", video, "-s", sound, "--box", BOX), "-o")


def test_outputs(edit, video, tmp_path, out):
    assert_refused(edit(output=tmp_path / "out.avi"), ".mp4")
    assert_refused(edit(output=tmp_path / "nowhere" / "out.mp4"), "no such folder")
    assert_refused(edit(output=video), "input itself")
    assert_refused(edit(output=video / "out.mp4"), "folder")
    assert_refused(edit("--preview-file", tmp_path / "live.jpg"), ".png")


def test_folder_that_cannot_be_written(edit):
    """Root may write anywhere but in /proc, so that is where it is tried."""
    assert_refused(edit(output="/proc/out.mp4"), "/proc")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into a read-only folder")
def test_folder_without_the_right_to_write(edit, out):
    out.parent.chmod(0o500)
    try:
        assert_refused(edit(), "cannot be written to")
    finally:
        out.parent.chmod(0o700)


def test_full_disk(edit, tmp_path):
    """A disk of 16 KiB, where one can be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("no disk can be mounted here")
    try:
        assert_refused(edit("--set", "output.crf=0", output=disk / "out.mp4"), "disk is full")
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_file_that_may_not_grow(edit, out):
    """The limit of a process on the size of its files stands in for a disk that fills up; Python ignores SIGXFSZ."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, before[1]))
    try:
        result = edit("--set", "output.crf=0", "--no-job")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert_refused(result, "out.mp4")
    assert list(out.parent.iterdir()) == []


def test_memory(edit, monkeypatch):
    def hungry(*_arguments, **_settings):
        raise RuntimeError(
            "[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate"
        )

    monkeypatch.setattr("soundini.editing.window.sample", hungry)
    assert_refused(edit(), "compute.chunk", "window.frames", "region.size")
    monkeypatch.setattr("soundini.editing.window.sample", lambda *_, **__: [][1])
    with pytest.raises(IndexError):
        edit()


def test_arguments_that_mean_nothing(run):
    for arguments in (["edit", "--frobnicate"], ["frobnicate"], ["mask"], []):
        code, _, err = run(*arguments)
        assert code == 2
        assert err
        assert "Traceback" not in err


def test_disk_error_of_any_other_kind(run, video, monkeypatch):
    def fail(*_arguments, **_options):
        raise OSError(28, "No space left on device", "/tmp/spool")

    monkeypatch.setattr("tempfile.TemporaryDirectory", fail)
    result = run(
        "preview", video, "-s", "self", "--box", BOX, "-o", Path(video).with_suffix(".png")
    )
    assert_refused(result, "No space left", "/tmp/spool")
