from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.errors import MaskError, SoundiniError
from soundini.masks.sources import StillMask, open_mask

SIZE = (64, 96)
DISC = make.disc_mask(SIZE)


def take(source, start, count):
    return list(itertools.islice(source.masks(start), count))


def shifted(i):
    return np.roll(DISC, 2 * i, 1)


def write_folder(folder, count, name="mask_{}.png"):
    folder.mkdir()
    for i in range(count):
        make.write_image(folder / name.format(i), shifted(i))
    return folder


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tiff", ".webp", ".gif"])
def test_white_is_edited(tmp_path, suffix):
    source = open_mask(make.write_image(tmp_path / f"m{suffix}", DISC), SIZE)
    assert isinstance(source, StillMask)
    for mask in take(source, 7, 3):
        assert mask.dtype == np.float32
        assert mask.shape == SIZE
        assert mask[32, 48] == 1
        assert mask[0, 0] == 0
        assert np.abs(mask - DISC).mean() < 0.01


def test_a_used_alpha_channel_is_the_mask(tmp_path):
    grey = make.texture(*SIZE)
    picture = np.dstack([grey, np.rint(DISC * 255).astype(np.uint8)])
    mask = take(open_mask(make.write_image(tmp_path / "m.png", picture), SIZE), 0, 1)[0]
    assert np.array_equal(mask, DISC)


def test_an_opaque_alpha_channel_is_not(tmp_path):
    white = np.rint(DISC * 255).astype(np.uint8)
    picture = np.dstack([white] * 3 + [np.full(SIZE, 255, np.uint8)])
    mask = take(open_mask(make.write_image(tmp_path / "m.png", picture), SIZE), 0, 1)[0]
    assert np.array_equal(mask, DISC)


def test_sixteen_bits_and_palettes(tmp_path):
    Image.fromarray((DISC * 65535).astype(np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray((DISC * 255).astype(np.uint8)).convert("P").save(tmp_path / "palette.png")
    Image.fromarray((DISC * 255).astype(np.uint8)).convert("1").save(tmp_path / "bit.png")
    for name in ("deep.png", "palette.png", "bit.png"):
        assert np.array_equal(take(open_mask(tmp_path / name, SIZE), 0, 1)[0], DISC)


@pytest.mark.parametrize("name", ["mask_{}.png", "{:05d}.jpg", "7frame{}of12.png"])
def test_folders_are_in_natural_order(tmp_path, name):
    source = open_mask(write_folder(tmp_path / "masks", 12, name), SIZE)
    for i, mask in enumerate(take(source, 0, 12)):
        assert np.abs(mask - shifted(i)).mean() < 0.02
    assert np.abs(take(source, 9, 1)[0] - shifted(9)).mean() < 0.02


def test_videos_go_frame_by_frame(tmp_path):
    frames = [np.repeat(shifted(i)[..., None], 3, 2).astype(np.uint8) * 255 for i in range(12)]
    source = open_mask(make.write_video(tmp_path / "m.mp4", frames), SIZE)
    for start in (0, 5):
        for i, mask in enumerate(take(source, start, 12 - start), start):
            assert np.abs(mask - shifted(i)).mean() < 0.02
            assert mask[shifted(i) == 0].mean() < 0.01


def test_too_few_masks(tmp_path):
    folder = open_mask(write_folder(tmp_path / "masks", 3), SIZE)
    with pytest.raises(MaskError, match="holds 3 images, fewer than the video has frames"):
        take(folder, 0, 4)
    frames = [np.repeat(DISC[..., None], 3, 2).astype(np.uint8) * 255] * 3
    video = open_mask(make.write_video(tmp_path / "m.mp4", frames), SIZE)
    with pytest.raises(MaskError, match="ends before frame 3"):
        take(video, 0, 4)
    assert len(take(video, 0, 3)) == len(take(folder, 0, 3)) == 3


def test_wrong_sizes_name_both(tmp_path):
    make.write_image(tmp_path / "m.png", make.disc_mask((32, 48)))
    make.write_video(tmp_path / "m.mp4", 2, size=(32, 48))
    (tmp_path / "folder").mkdir()
    make.write_image(tmp_path / "folder" / "1.png", make.disc_mask((32, 48)))
    for name in ("m.png", "m.mp4", "folder"):
        with pytest.raises(MaskError, match="is 48x32, the video 96x64; scale the mask"):
            open_mask(tmp_path / name, SIZE)


@pytest.mark.parametrize(("level", "words"), [(0, "is empty"), (255, "whole_frame")])
def test_all_black_and_all_white(tmp_path, level, words):
    picture = np.full((*SIZE, 3), level, np.uint8)
    make.write_image(tmp_path / "m.png", picture)
    make.write_video(tmp_path / "m.mp4", [picture] * 4)
    (tmp_path / "folder").mkdir()
    for i in range(3):
        make.write_image(tmp_path / "folder" / f"{i}.png", picture)
    for name in ("m.png", "m.mp4", "folder"):
        with pytest.raises(MaskError, match=words) as error:
            open_mask(tmp_path / name, SIZE)
        assert name in str(error.value)


def test_some_empty_and_some_full_frames_are_fine(tmp_path):
    folder = write_folder(tmp_path / "masks", 4)
    make.write_image(folder / "mask_0.png", np.zeros(SIZE, np.uint8))
    make.write_image(folder / "mask_2.png", np.full(SIZE, 255, np.uint8))
    sums = [mask.mean() for mask in take(open_mask(folder, SIZE), 0, 4)]
    assert sums[0] == 0
    assert sums[2] == 1


def test_what_is_no_mask(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "text.mp4").write_text("no video")
    whole = make.write_image(tmp_path / "whole.png", make.texture(*SIZE)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    for name, words in {
        "missing.png": "is not there",
        "empty": "holds no images",
        "text.png": "is not a video, sound or image file, but plain text",
        "cut.png": "cannot read the mask image",
        "text.mp4": "is not a video, sound or image file, but plain text",
    }.items():
        with pytest.raises(SoundiniError, match=words) as error:
            open_mask(tmp_path / name, SIZE)
        assert "\n" not in str(error.value)
