"""Which frame a mask is of: numbers in names, gaps, videos of other rates."""

import itertools

import numpy as np
import pytest

import media_factory as make
from soundini.errors import MaskError
from soundini.masks.sources import open_mask
from soundini.media.video_info import probe_video
from strange_masks import DISC, SIZE, made, mask_video, write_numbered


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("name", ["{:05d}.png", "frame_{}.png", "clip2_{:03d}_mask.png"])
def test_numbers_are_frames_from_0_or_1(tmp_path, clip, base, name):
    folder = write_numbered(tmp_path / "m", range(base, 12 + base), name)
    masks, _ = made(folder, clip)
    for i, mask in enumerate(masks):
        assert np.array_equal(mask, np.roll(DISC, 2 * (i + base), 1))
    part, _ = made(folder, clip, 4, 7)
    assert np.array_equal(part[0], np.roll(DISC, 2 * (4 + base), 1))


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        ([0, 1, 2, 5, 6, 7, 8, 9, 10, 11], "3, 4"),
        (range(0, 12, 2), "1, 3, 5, 7, 9, 11"),
        (range(2, 13, 2), "0, 2, 4, 6, 8, 10"),  # counted from 1: the last is the last frame
        (range(3, 12), "0 to 2"),
        (range(9), "9 to 11"),
    ],
)
def test_gaps_are_refused_with_their_numbers_or_tracked(tmp_path, clip, numbers, missing):
    folder = write_numbered(tmp_path / "m", numbers)
    with pytest.raises(
        MaskError, match=rf"has no image for frames {missing}, counted from 0; .*region.track"
    ):
        made(folder, clip)
    masks, notes = made(folder, clip, track=True)
    assert (
        f"has no image for frames {missing}, counted from 0; the others are carried there"
        in str(notes[0])
    )
    shift = 2 if max(numbers) == 12 else 0
    for i, mask in enumerate(masks):
        there = np.roll(DISC, 2 * i + shift, 1)
        assert (np.minimum(mask, there).sum() / np.maximum(mask, there).sum()) > 0.7, i


def test_a_part_without_gaps_is_taken_as_it_is(tmp_path, clip):
    folder = write_numbered(tmp_path / "m", [0, 1, 2, 5, 6, 7])
    masks, notes = made(folder, clip, 5, 8)
    assert np.array_equal(masks[0], np.roll(DISC, 10, 1))
    assert notes == []
    with pytest.raises(MaskError, match="frames 8, 9,"):
        made(folder, clip, 8, 10, track=True)


def test_hidden_files_and_others_are_left_out(tmp_path, clip):
    folder = write_numbered(tmp_path / "m", range(12))
    (folder / "._00003.png").write_bytes(b"\0\5\x16\7")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "readme.txt").write_text("x")
    (folder / "meta.json").write_text("{}")
    assert len(made(folder, clip)[0]) == 12


@pytest.mark.parametrize("fps", [12, 48, 30])
def test_a_mask_video_of_another_rate_is_laid_along_by_time(tmp_path, fps):
    clip = probe_video(make.write_video(tmp_path / "clip.mp4", 24))
    path = mask_video(tmp_path / "m.mp4", fps, fps, 48)
    source = open_mask(path, SIZE, clip)
    assert "by time" in str(source.notes[0])
    for i, mask in enumerate(itertools.islice(source.masks(0), 24)):
        there = np.roll(DISC, 2 * i, 1)
        assert np.minimum(mask, there).sum() / np.maximum(mask, there).sum() > 0.75, i
    later = next(source.masks(10))
    assert np.minimum(later, np.roll(DISC, 20, 1)).sum() / DISC.sum() > 0.8


def test_a_mask_video_that_ends_early_says_where(tmp_path):
    clip = probe_video(make.write_video(tmp_path / "clip.mp4", 48))
    path = mask_video(tmp_path / "m.mp4", 12, 12, 0)
    with pytest.raises(MaskError, match=r"ends before frame 2\d"):
        list(itertools.islice(open_mask(path, SIZE, clip).masks(0), 48))
    assert len(list(itertools.islice(open_mask(path, SIZE, clip).masks(0), 24))) == 24


def test_as_many_frames_go_frame_for_frame(tmp_path):
    clip = probe_video(make.write_video(tmp_path / "clip.mp4", 24))
    source = open_mask(mask_video(tmp_path / "m.mp4", 30, 24, 60), SIZE, clip)
    assert source.notes == ()
    for i, mask in enumerate(itertools.islice(source.masks(0), 24)):
        assert np.abs(mask - np.roll(DISC, 2 * i, 1)).mean() < 0.02
