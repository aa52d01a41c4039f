"""What the values of masks mean: labels, palettes, colours, soft greys."""

import itertools

import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.errors import MaskError
from soundini.masks.sources import open_mask
from strange_masks import DISC, INSIDE, LEFT, PALETTE, SIZE, SOFT, indices, save, still


def test_every_index_of_a_palette_is_an_object(tmp_path):
    source = still(save(tmp_path / "davis.png", indices(), "P", PALETTE))
    assert np.array_equal(source.mask, DISC)
    assert "holds the labels 1, 2; all of them are edited, region.label picks one" in str(
        source.notes[0]
    )
    one = still(tmp_path / "davis.png", label=1)
    assert np.array_equal(one.mask, LEFT.astype(np.float32))
    assert one.notes == ()
    with pytest.raises(
        MaskError, match=r"has no label 3, only 1, 2; choose another with region.label"
    ):
        still(tmp_path / "davis.png", label=3)


@pytest.mark.parametrize(
    ("suffix", "dtype"),
    [
        *((".tif", kind) for kind in (np.uint8, np.uint16, np.int32, np.float32, np.bool_)),
        *(
            (".npy", kind)
            for kind in (np.uint8, np.uint16, np.int32, np.float32, np.int64, np.bool_)
        ),
        *((".png", kind) for kind in (np.uint8, np.uint16, np.bool_)),
    ],
)
def test_zero_and_one(tmp_path, suffix, dtype):
    path = tmp_path / f"m{suffix}"
    if suffix == ".npy":
        np.save(path, INSIDE.astype(dtype))
    else:
        Image.fromarray(INSIDE.astype(dtype)).save(path)
    source = still(path)
    assert np.array_equal(source.mask, DISC)
    assert source.notes == ()


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_labels_of_many_bits(tmp_path, dtype):
    np.save(tmp_path / "m.npy", indices(dtype) * dtype(1300))
    source = still(tmp_path / "m.npy")
    assert np.array_equal(source.mask, DISC)
    assert "1300, 2600" in str(source.notes[0])
    assert np.array_equal(still(tmp_path / "m.npy", 1300).mask, LEFT.astype(np.float32))


def test_void_below_zero_is_no_object(tmp_path):
    np.save(tmp_path / "m.npy", np.where(INSIDE, 3, -1).astype(np.int32))
    assert np.array_equal(still(tmp_path / "m.npy").mask, DISC)


@pytest.mark.parametrize(
    ("name", "scale", "dtype"),
    [
        ("m.png", 255, np.uint8),
        ("m.png", 65535, np.uint16),
        ("m.npy", 1, np.float32),
        ("m.npy", 255, np.float32),
    ],
)
def test_soft_greys_stay_soft(tmp_path, name, scale, dtype):
    values = (
        np.round(SOFT * scale).astype(dtype) if dtype != np.float32 else SOFT * np.float32(scale)
    )
    path = tmp_path / name
    if path.suffix == ".npy":
        np.save(path, values)
    else:
        Image.fromarray(values).save(path)
    assert np.abs(still(path).mask - SOFT).max() < 0.07
    assert still(path).notes == ()


def test_a_grey_palette_is_read_as_grey(tmp_path):
    grey = np.round(SOFT * 255).astype(np.uint8)
    image = Image.fromarray(grey).convert("P")
    image.putpalette([v for i in range(256) for v in (i, i, i)])
    image.save(tmp_path / "m.png")
    assert np.abs(still(tmp_path / "m.png").mask - SOFT).max() < 0.07
    swapped = Image.fromarray(255 - grey)
    swapped = swapped.convert("P")
    swapped.putpalette([v for i in range(256) for v in (255 - i, 255 - i, 255 - i)])
    swapped.save(tmp_path / "n.png")
    assert np.abs(still(tmp_path / "n.png").mask - SOFT).max() < 0.07


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 128), (0, 200, 90), (255, 255, 0)])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_one_colour_on_black(tmp_path, colour, suffix):
    picture = (DISC[..., None] * np.array(colour)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / f"m{suffix}", quality=95, subsampling=0)
    source = still(tmp_path / f"m{suffix}")
    assert np.abs(source.mask - DISC).mean() < (0.001 if suffix == ".png" else 0.02)
    assert source.notes == ()


def test_an_edge_of_a_colour_stays_soft(tmp_path):
    picture = (SOFT[..., None] * np.array((255, 0, 0))).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "m.png")
    assert np.abs(still(tmp_path / "m.png").mask - SOFT).max() < 0.15


def test_several_colours_on_black_are_objects(tmp_path):
    save(tmp_path / "m.png", np.array(PALETTE, np.uint8).reshape(-1, 3)[indices()])
    source = still(tmp_path / "m.png")
    assert np.array_equal(source.mask, DISC)
    assert "holds 2 colours; all but black is edited" in str(source.notes[0])
    with pytest.raises(MaskError, match="is in colour and has no labels"):
        still(tmp_path / "m.png", label=1)


def test_a_colour_video(tmp_path):
    picture = (DISC[..., None] * np.array((255, 0, 0))).astype(np.uint8)
    path = make.write_video(tmp_path / "m.mp4", [picture] * 4)
    masks = list(itertools.islice(open_mask(path, SIZE).masks(0), 4))
    assert all(np.abs(mask - DISC).mean() < 0.03 for mask in masks)


def test_a_folder_is_read_in_one_way(tmp_path):
    """A soft mask that fades in is faint at first, and that does not make labels of it."""
    for i in range(4):
        grey = np.round(SOFT * 255 * (0, 0.04, 0.5, 1)[i]).astype(np.uint8)
        make.write_image(tmp_path / f"{i}.png", grey)
    masks = list(itertools.islice(open_mask(tmp_path, SIZE).masks(0), 4))
    assert [round(float(m.max()), 1) for m in masks] == [0.0, 0.0, 0.5, 1.0]
