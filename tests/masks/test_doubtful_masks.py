"""Masks whose meaning or place is not plain: what was assumed is told, and what cannot be told is refused."""

import av
import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.config.recipe import RegionConfig
from soundini.editing.masking import make_masks
from soundini.editing.request import MaskRequest
from soundini.errors import MaskError, SoundiniError
from soundini.masks.sources import open_mask
from strange_masks import DISC, INSIDE, LEFT, SIZE, frames_of, made


def write(path, names):
    path.mkdir()
    for name, frame in names:
        make.write_image(path / name, np.roll(DISC, 2 * frame, 1))
    return path


# ---- what values mean


@pytest.mark.parametrize(
    ("values", "named"),
    [
        (np.where(INSIDE, 38, 0).astype(np.uint8), "38"),
        (np.where(LEFT, 100, np.where(INSIDE, 200, 0)).astype(np.uint8), "100, 200"),
        (np.where(INSIDE, 26, 7).astype(np.uint8), "7, 26"),
        (np.where(INSIDE, 0.25, 0).astype(np.float32), "0 to 0.25"),
    ],
)
def test_a_few_greys_without_white_are_named(tmp_path, values, named):
    path = tmp_path / ("m.tif" if values.dtype == np.float32 else "m.png")
    Image.fromarray(values).save(path)
    (told,) = open_mask(path, SIZE).notes
    assert f"holds the values {named}; they are taken for shades of grey, region.label" in str(told)
    if values.dtype == np.uint8:
        label = int(values.max())
        mask = next(open_mask(path, SIZE, label=label).masks(0))
        assert np.array_equal(mask, (values == label).astype(np.float32))


def test_a_soft_mask_up_to_white_is_no_doubt(tmp_path):
    soft = np.rint(DISC * np.linspace(0, 255, 96)).astype(np.uint8)
    Image.fromarray(soft + (255 - soft.max()) * (soft > 0)).save(tmp_path / "m.png")
    assert open_mask(tmp_path / "m.png", SIZE).notes == ()


@pytest.mark.parametrize("colour", [(23, 4, 1), (0, 0, 30), (20, 0, 0)])
def test_colours_that_are_nearly_black_are_objects(tmp_path, colour):
    """As numbers written as colours are, of COCO's panoptic masks; what JPEG leaves near black is none."""
    picture = np.where(INSIDE[..., None], colour, 0).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "m.png")
    assert np.array_equal(next(open_mask(tmp_path / "m.png", SIZE).masks(0)), DISC)
    noise = np.random.default_rng(0).integers(0, 8, (*SIZE, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "n.png")
    with pytest.raises(MaskError, match="is empty"):
        open_mask(tmp_path / "n.png", SIZE)


# ---- kinds of files


@pytest.mark.parametrize("suffix", [".dpx", ".exr", ".qoi", ".sgi", ".pcx", ".pam"])
def test_pictures_that_ffmpeg_knows(tmp_path, suffix):
    codec, pixels = (suffix[1:], "gbrpf32le" if suffix == ".exr" else "rgb24")
    picture = np.repeat(np.rint(DISC * 255).astype(np.uint8)[..., None], 3, 2)
    context = av.CodecContext.create(codec, "w")
    context.width, context.height = 96, 64
    context.pix_fmt = pixels
    context.time_base = 1
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=context.pix_fmt)
    packets = [*context.encode(frame), *context.encode(None)]
    (tmp_path / f"m{suffix}").write_bytes(b"".join(map(bytes, packets)))
    mask = next(open_mask(tmp_path / f"m{suffix}", SIZE).masks(0))
    assert np.abs(mask - DISC).mean() < 0.01


def test_arrays_of_frames_with_a_channel(tmp_path):
    masks = np.stack([np.roll(INSIDE, 2 * i, 1) for i in range(12)])
    np.save(tmp_path / "m.npy", masks[..., None].astype(np.uint8))
    for i, mask in zip(range(12), open_mask(tmp_path / "m.npy", SIZE).masks(0), strict=False):
        assert np.array_equal(mask, masks[i].astype(np.float32))


def test_numbered_pictures_are_not_laid_along_by_time(tmp_path, clip):
    """Arrays and TIFF have no times: three pictures are the first three frames, and the others are missing."""
    np.save(tmp_path / "m.npy", np.repeat(INSIDE[None], 3, 0))
    pages = [Image.fromarray(np.rint(DISC * 255).astype(np.uint8))] * 3
    pages[0].save(tmp_path / "m.tif", save_all=True, append_images=pages[1:])
    for name in ("m.npy", "m.tif"):
        with pytest.raises(MaskError, match=r"ends before frame 3, .* a part with end"):
            made(tmp_path / name, clip)


# ---- which frame a mask is of


@pytest.mark.parametrize(
    ("names", "named"),
    [
        ([(f"{i:03d}_{k}.png", i) for i in range(12) for k in (1, 2)], "000_1.png"),
        ([(f"{i:03d}.png", i) for i in range(12)] + [("1.bmp", 1)], ""),
        ([(f"f{i}.png", i) for i in range(12)] + [("all.png", 0)], "all.png"),
        ([(f"f{i - 2}.png", i) for i in range(12)], ""),
    ],
)
def test_names_that_do_not_tell_the_frame(tmp_path, clip, names, named):
    folder = write(tmp_path / "m", names)
    with pytest.raises(
        MaskError, match=rf"do not tell which frame .*{named}.* is of; leave one image for each"
    ):
        made(folder, clip)


def test_names_without_numbers_go_in_their_order(tmp_path, clip):
    folder = write(tmp_path / "m", [(f"clip2_{c}.png", i) for i, c in enumerate("abcdefghijkl")])
    masks, _ = made(folder, clip)
    assert all(np.array_equal(mask, np.roll(DISC, 2 * i, 1)) for i, mask in enumerate(masks))


def test_numbers_that_reach_over_all_frames_begin_at_the_first(tmp_path, clip):
    names = [(f"shot_v02.{1001 + i}.png", i) for i in range(12) if i not in (3, 4)]
    folder = write(tmp_path / "m", names)
    with pytest.raises(
        MaskError, match=r"no image for frames 3, 4, counted from 0; .* with region.track"
    ):
        made(folder, clip)
    masks, _ = made(folder, clip, track=True)
    assert np.array_equal(masks[5], np.roll(DISC, 10, 1))


def test_numbers_beyond_the_video_are_told(tmp_path, clip):
    folder = write(tmp_path / "m", [(f"m{100 + i}.png", i) for i in range(0, 12, 2)])
    for track in (False, True):
        with pytest.raises(MaskError, match=r"its names count from 100 to 110; name the images by"):
            made(folder, clip, track=track)
    for path in folder.iterdir():
        path.rename(folder / f"m{int(path.stem[1:]) - 100}.png")
    assert len(made(folder, clip, track=True)[0]) == 12


def test_a_folder_of_folders_names_one(tmp_path, clip):
    write(tmp_path / "all", [])
    write(tmp_path / "all/bear", [(f"{i:05d}.png", i) for i in range(12)])
    with pytest.raises(SoundiniError, match="no images, but the folder bear; name the one with"):
        made(tmp_path / "all", clip)
    assert len(made(tmp_path / "all/bear", clip)[0]) == 12


def test_a_mask_nowhere_above_half_warns(tmp_path, clip):
    make.write_image(tmp_path / "m.png", DISC * 0.4)
    _, notes = made(tmp_path / "m.png", clip)
    assert any(
        "holds the values 102; they are taken for shades of grey" in str(note) for note in notes
    )
    assert any("nowhere above half, its highest value is 0.3" in str(note) for note in notes)
    make.write_image(tmp_path / "n.png", DISC * 0.8)
    assert made(tmp_path / "n.png", clip)[1] == []


@pytest.mark.parametrize(
    ("box", "told"), [("1,1,1,1", True), ("10,10,7,30", True), ("10,10,8,8", False)]
)
def test_a_tiny_box_says_so(clip, box, told):
    notes = []
    list(make_masks(MaskRequest(box=box), RegionConfig(), clip, frames_of(), 0, None, notes))
    assert bool(notes) == told
    assert not told or "pixels; numbers are shares of the frame where none is above 1" in str(
        notes[0]
    )
