"""The page in pictures, as the docs show it.

To make those of the docs: ``SOUNDINI_SCREENSHOTS`` names their folder, ``SOUNDINI_SCREENSHOT_CLIP`` and
``SOUNDINI_SCREENSHOT_SOUND`` what is shown on them, edited by the preset as it is.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FRAMES_DRAWN = """() => Promise.all([...document.querySelectorAll(".screen video")].map(
    v => new Promise(drawn => { v.requestVideoFrameCallback(drawn); v.currentTime = v.duration / 2; })))
    .then(() => new Promise(done => {
        let left = 30;
        const next = () => left-- ? requestAnimationFrame(next) : done();
        next();
    }))"""
STROKES = ((0.25, 0.4), (0.75, 0.4), (0.8, 0.5), (0.2, 0.5), (0.25, 0.62), (0.75, 0.62))
FOLDER = os.environ.get("SOUNDINI_SCREENSHOTS")
LONG = 500_000


@pytest.mark.parametrize(
    ("name", "width", "height"), [("light", 1280, 900), ("dark", 1280, 900), ("phone", 390, 844)]
)
def test_screenshots(visit, media, tmp_path, name, width, height):
    named = (os.environ.get(f"SOUNDINI_SCREENSHOT_{what}") for what in ("CLIP", "SOUND"))
    shown = tuple(Path(own) if own else made for own, made in zip(named, media, strict=True))
    scheme = "dark" if name == "dark" else "light"
    visitor = visit(viewport={"width": width, "height": height}, color_scheme=scheme).bring(shown)
    if FOLDER is None:
        visitor.set("sampling.steps=1")
    visitor.paint(*STROKES).click("Run all")
    visitor.players(timeout=LONG)
    page, path = visitor.page, Path(FOLDER or tmp_path) / f"web-{name}.png"
    page.mouse.move(0, 0)
    page.evaluate("window.scrollTo(0, 0)")
    page.evaluate(FRAMES_DRAWN)
    page.screenshot(path=path, full_page=name == "phone")
    with Image.open(path) as picture:
        assert picture.width == width
        assert picture.height == height if name != "phone" else picture.height > 2 * height
        brightness = np.asarray(picture.convert("L")).astype(float)
    assert np.median(brightness) < 60 if name == "dark" else np.median(brightness) > 200
    assert brightness.std() > 20
