import numpy as np
import pytest
from PIL import Image

from soundini.training.images import LabelledImages


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Thirty red pictures of one source, two blue ones of another, and a black one."""
    folder = tmp_path_factory.mktemp("pictures")
    rows = ["path,label,source,group"]
    for number in range(33):
        noise = np.random.default_rng(number).integers(0, 256, (32, 32, 1))
        name, tint = ("few", (0, 0, 1)) if number in (30, 31) else ("many", (1, 0, 0))
        pixels = noise * np.array(tint if number < 32 else (0, 0, 0))
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
        rows.append(f"{number}.png,fire,{name},{number}")
    (folder / "images.csv").write_text("\n".join(rows) + "\n")
    return folder


def blue_share(images):
    crops, _ = images.crops(400, 16, {"fire": 1.0}, np.random.default_rng(0), min_crop=16)
    return float((crops[:, 2].mean((1, 2)) > crops[:, 0].mean((1, 2))).float().mean())


def test_sources_are_drawn_as_evenly_as_asked(folder):
    kept = LabelledImages(folder).by_label["fire"]
    blue = sum(1 for p in kept if p[..., 2].mean() > p[..., 0].mean())
    if not blue:
        pytest.fail("the split left no picture of the small source to train on")
    assert blue_share(LabelledImages(folder)) < 0.2
    assert 0.4 < blue_share(LabelledImages(folder, evenness=1.0)) < 0.6


def test_pictures_that_show_nothing_are_left_out(folder):
    kept = [
        p
        for side in ("train", "judge", "held_out")
        for p in LabelledImages(folder, side=side).by_label.get("fire", [])
    ]
    assert len(kept) == 32
    assert min(p.std() for p in kept) > 8


def test_parts_hold_every_picture_once(folder):
    images = LabelledImages(folder)
    parts = [images.part(number, 4).by_label["fire"] for number in range(4)]
    assert sum(map(len, parts)) == len(images.by_label["fire"])
    assert images.part(1, 4).crops(4, 16, {"fire": 1.0}, np.random.default_rng(0))[0].shape[0] == 4
