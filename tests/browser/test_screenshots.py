"""The page in pictures, as the docs show it.

To make those of the docs: ``SOUNDINI_SCREENSHOTS`` names their folder. They show the example of a fire, or what
``SOUNDINI_SCREENSHOT_CLIP`` and ``SOUNDINI_SCREENSHOT_SOUND`` name, edited by the preset as it is.
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


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "width", "height"),
    [
        ("light", 1440, 900),
        ("dark", 1280, 720),
        ("phone", 390, 844),
    ],
)
def test_screenshots(visit, tmp_path, name, width, height):
    own = [os.environ.get(f"SOUNDINI_SCREENSHOT_{what}") for what in ("CLIP", "SOUND")]
    scheme = "dark" if name == "dark" else "light"
    visitor = visit(viewport={"width": width, "height": height}, color_scheme=scheme)
    page, path = visitor.page, Path(FOLDER or tmp_path) / f"web-{name}.png"
    if all(own):
        visitor.bring((Path(own[0]), Path(own[1]))).paint(*STROKES)
    else:
        page.get_by_role("button", name="fire", exact=True).click()
        visitor.players(timeout=LONG)
    if FOLDER is None:
        visitor.set("sampling.steps=1")
        page.locator(".how > .more summary").first.click()
    before = page.locator(".job").count()
    visitor.run("all")
    page.locator(".job").nth(before).wait_for()
    visitor.state("done", timeout=LONG)
    visitor.players(timeout=LONG)
    page.mouse.move(0, 0)
    page.get_by_label("Wipe between source and edit").fill("35" if name == "dark" else "0")
    page.evaluate(FRAMES_DRAWN)
    if name == "phone":
        page.evaluate("document.querySelector('.stage').scrollIntoView({ block: 'center' })")
    else:
        page.evaluate("document.querySelector('.work-scroll').scrollTo(0, 0)")
    for lasting in (".runbar", ".screen"):
        assert visitor.in_sight(lasting) or (name == "phone" and lasting == ".screen")
    page.screenshot(path=path)
    with Image.open(path) as picture:
        assert picture.size == (width, height)
        brightness = np.asarray(picture.convert("L")).astype(float)
    assert np.median(brightness) < 60 if name == "dark" else np.median(brightness) > 150
    assert brightness.std() > 20
