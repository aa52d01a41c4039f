"""Kinds of files that masks come in, told by what they hold."""

import itertools
import json

import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.errors import MaskError, SoundiniError
from soundini.masks.sources import open_mask
from strange_masks import DISC, INSIDE, SIZE, mask_video, still


@pytest.mark.parametrize("name", ["m.jfif", "m.tga", "m.pgm", "m.jp2", "m.avif", "m.webp", "m.npy"])
def test_more_kinds_of_pictures(tmp_path, name):
    grey = (DISC * 255).astype(np.uint8)
    if name == "m.npy":
        np.save(tmp_path / name, grey)
    else:
        image = Image.fromarray(grey)
        options = {"m.jfif": {"format": "JPEG"}, "m.avif": {"max_threads": 1}}
        image.save(tmp_path / name, **options.get(name, {}))
    assert np.abs(still(tmp_path / name).mask - DISC).mean() < 0.01
    (tmp_path / "folder").mkdir()
    for i in range(3):
        (tmp_path / "folder" / f"{i}{name[1:]}").write_bytes((tmp_path / name).read_bytes())
    masks = list(itertools.islice(open_mask(tmp_path / "folder", SIZE).masks(0), 3))
    assert np.abs(masks[2] - DISC).mean() < 0.01


def test_files_are_what_they_hold(tmp_path):
    make.write_image(tmp_path / "m.png", DISC)
    (tmp_path / "m.png").rename(tmp_path / "picture.mp4")
    assert np.array_equal(still(tmp_path / "picture.mp4").mask, DISC)
    mask_video(tmp_path / "v.mp4", 24, 3, 0).rename(tmp_path / "video.png")
    masks = list(itertools.islice(open_mask(tmp_path / "video.png", SIZE).masks(0), 3))
    assert np.abs(masks[0] - DISC).mean() < 0.02


def test_arrays_of_frames(tmp_path):
    np.save(tmp_path / "m.npy", np.stack([np.roll(INSIDE, 2 * i, 1) for i in range(5)]))
    for i, mask in enumerate(itertools.islice(open_mask(tmp_path / "m.npy", SIZE).masks(0), 5)):
        assert np.array_equal(mask, np.roll(DISC, 2 * i, 1))


def letters(runs):
    out = ""
    for i, run in enumerate(runs):
        x, more = run - (runs[i - 2] if i > 2 else 0), True
        while more:
            bits, x = x & 31, x >> 5
            more = x != -1 if bits & 16 else x != 0
            out += chr((bits | (32 if more else 0)) + 48)
    return out


def test_run_lengths_of_coco(tmp_path):
    flat = INSIDE.T.ravel().astype(int)
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff([0, *edges, flat.size]).tolist()
    for counts in (runs, letters(runs)):
        (tmp_path / "m.json").write_text(json.dumps({"size": SIZE, "counts": counts}))
        assert np.array_equal(still(tmp_path / "m.json").mask, DISC)
    (tmp_path / "m.json").write_text(json.dumps({"images": [], "annotations": []}))
    with pytest.raises(MaskError, match="is JSON, but no mask of COCO's"):
        still(tmp_path / "m.json")


def test_polygons_of_coco(tmp_path):
    height, width = SIZE
    left = [2, 2, 10, 2, 10, height - 4, 2, height - 4]
    right = [width - 10, 4, width - 4, 4, width - 4, 12, width - 10, 12]
    both = np.zeros(SIZE, np.float32)
    both[2 : height - 4, 2:10] = 1
    both[4:12, width - 10 : width - 4] = 1
    picture = {"id": 7, "height": height, "width": width}
    marks = [{"image_id": 7, "segmentation": [polygon]} for polygon in (left, right)]
    for content in (
        {"segmentation": [left, right], "iscrowd": 0},
        [left, right],
        [{"segmentation": [left], "area": 1, "bbox": [2, 2, 8, 8]}, {"segmentation": [right]}],
        {"images": [picture], "annotations": marks},
    ):
        (tmp_path / "m.json").write_text(json.dumps(content))
        assert np.array_equal(still(tmp_path / "m.json").mask > 0.5, both > 0.5)
    marks[1]["image_id"] = 8
    (tmp_path / "m.json").write_text(json.dumps({"annotations": marks}))
    with pytest.raises(MaskError, match="annotations of one picture"):
        still(tmp_path / "m.json")
    picture["width"] += 1
    marks[1]["image_id"] = 7
    (tmp_path / "m.json").write_text(json.dumps({"images": [picture], "annotations": marks}))
    with pytest.raises(MaskError, match="scale the mask"):
        still(tmp_path / "m.json")


def test_what_is_no_picture_says_what_it_is(tmp_path):
    np.save(tmp_path / "names.npy", np.array(["a"]))
    np.save(tmp_path / "objects.npy", np.array([object()]), allow_pickle=True)
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY\1")
    (tmp_path / "drawing.svgz").write_bytes(b"\x1f\x8b" + bytes(50))
    np.save(tmp_path / "nan.npy", np.where(INSIDE, np.nan, 0))
    for name, words in {
        "names.npy": r"is an array \[1\]",
        "objects.npy": "cannot read the mask image",
        "broken.npy": "cannot read the mask image",
        "drawing.svgz": "compressed with gzip; unpack it first",
        "nan.npy": "NaN",
    }.items():
        with pytest.raises(SoundiniError, match=words):
            open_mask(tmp_path / name, SIZE)
