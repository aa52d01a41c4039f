"""What the fuzzer found in videos, sounds, masks and shapes, each once more by name."""

import gc
import os

import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.editing.files import prepare_edit
from soundini.editing.part import part_of
from soundini.editing.request import EditRequest, MaskRequest
from soundini.errors import ConfigError, MaskError, MediaError, SoundiniError
from soundini.masks.refine import dilate, feather
from soundini.masks.shapes import shape_mask
from soundini.masks.sources import open_mask
from soundini.media.sound import load_sound
from soundini.media.video_reader import VideoReader

from .conftest import BOX


@pytest.mark.parametrize(("box", "offset"), [("90,90,5,5", 0), (BOX, 86400)])
def test_edit_that_is_refused_leaves_no_file_open(video, box, offset):
    """Warnings are errors in tests: an unclosed file is told as it is collected."""
    request = EditRequest(
        video=video,
        sound="self",
        output=video.with_name("out.mp4"),
        mask=MaskRequest(box=box),
        recipe=override(Recipe(), [f"sound.offset={offset}"]),
        models="debug",
    )
    with pytest.raises(SoundiniError):
        prepare_edit(request)
    gc.collect()


@pytest.mark.parametrize("bound", ["1e999999999s", "1e9s", "1/0s", "9" * 50_000])
def test_times_that_take_for_ever_to_make_are_refused(video, bound):
    with VideoReader(video) as reader, pytest.raises(ConfigError, match=r"^start .* is neither"):
        part_of(reader, bound, None)


def test_matroska_that_claims_an_endless_duration_is_read(tmp_path):
    path = make.write_video(tmp_path / "in.mkv", 6)
    data = path.read_bytes()
    at = data.index(b"00:00:00.", data.index(b"DURATION"))
    path.write_bytes(data[:at] + b"1e99999999:00:0000"[:18] + data[at + 18 :])
    with VideoReader(path) as reader:
        assert sum(1 for _ in reader.frames()) == 6


def test_frame_that_lasts_for_hours_is_no_part_to_edit(refused, tmp_path):
    path = make.write_video(tmp_path / "in.mkv", 3, pts=[0, 40, 20_000_000], time_base=None, fps=25)
    make.write_sound(tmp_path / "a.wav", make.tone(0.3))
    arguments = ("edit", path, "-s", tmp_path / "a.wav", "--box", BOX, "--models", "debug")
    assert "SOUNDINI_MAX" in refused(*arguments, "-o", tmp_path / "out.mp4")


def test_sound_that_starts_hours_after_its_video_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SOUNDINI_MAX_SOUND_SECONDS", "600")  # silence up to there is made
    path = make.write_video(
        tmp_path / "in.mkv", 3, audio=make.tone(0.2), audio_start=48_000 * 3600 * 2
    )
    with pytest.raises(MediaError, match="SOUNDINI_MAX_SOUND_SECONDS"):
        load_sound(path)


def test_limits_are_told_with_the_way_to_raise_them(tmp_path, monkeypatch):
    path = make.write_video(tmp_path / "in.mp4", 6)
    for variable, words in (("FRAMES", "frame number 3"), ("VIDEO_SECONDS", "comes after")):
        with monkeypatch.context() as patch:
            patch.setenv(f"SOUNDINI_MAX_{variable}", "3" if variable == "FRAMES" else "0.1")
            with VideoReader(path) as reader, pytest.raises(MediaError, match=words) as caught:
                list(reader.frames())
            assert f"raise the limit with SOUNDINI_MAX_{variable}" in str(caught.value)
    monkeypatch.setenv("SOUNDINI_MAX_FRAMES", "many")
    with VideoReader(path) as reader, pytest.raises(ConfigError, match="SOUNDINI_MAX_FRAMES"):
        list(reader.frames())


def test_shapes_too_far_away_are_refused():
    for numbers in ("1e308,0,9e307,1", "0,0,1e308,1e308"):
        for kind in ("box", "ellipse"):
            with pytest.raises(MaskError, match=f"no {kind}"):
                shape_mask(kind, numbers, (16, 24))


def test_masks_that_never_end_are_refused(tmp_path):
    os.mkfifo(tmp_path / "mask.png")
    with pytest.raises(MediaError, match="not a plain file"):
        open_mask(tmp_path / "mask.png", (32, 48))


def test_masks_are_not_given_to_readers_that_start_programs(tmp_path):
    Image.fromarray(np.zeros((32, 48), np.uint8)).save(tmp_path / "a.eps")
    (tmp_path / "mask.png").write_bytes((tmp_path / "a.eps").read_bytes())
    with pytest.raises(MediaError, match=r"a drawing \(PostScript\); export it as PNG"):
        open_mask(tmp_path / "mask.png", (32, 48))


def test_masks_of_absurd_sizes_are_refused_by_their_header(tmp_path):
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(tmp_path / "mask.png")
    data = bytearray((tmp_path / "mask.png").read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    data[29:33] = __import__("zlib").crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "mask.png").write_bytes(data)
    with pytest.raises(SoundiniError, match=r"mask\.png"):
        open_mask(tmp_path / "mask.png", (32, 48))


def test_ramp_narrower_than_a_number_is_none():
    mask = make.disc_mask((32, 48), 8)
    assert (feather(mask, 1e-300) == mask).all()


def test_disc_larger_than_the_picture_takes_no_memory():
    mask = make.disc_mask((32, 48), 8)
    assert (dilate(mask, 4096) == 1).all()
    assert (dilate(mask, -4096) == 0).all()
