"""The page as people use it: the real command, the real models, a real browser."""

import hashlib
import json
import re

import numpy as np
import pytest

import media_factory as make
from soundini.config.presets import load_preset
from soundini.editing.request import EditRequest, MaskRequest, write_sidecar
from soundini.media.video_reader import VideoReader
from web_visitor import BEYOND, STROKE

SIZES = {"desktop": (1440, 900), "720p": (1280, 720), "phone": (390, 844)}
LONG_SIZES = [pytest.param(name, marks=pytest.mark.long) for name in ("desktop", "720p", "phone")]
"""Sizes that `make test-all` adds; there the page is laid out otherwise, but does the same."""
MUTED = "() => [...document.querySelectorAll('.screen video')].map(v => v.muted)"
CUT = "() => document.querySelector('.screen').style.getPropertyValue('--cut')"


def made(media, output, mask):
    """The recipe that the command line leaves of an edit."""
    request = EditRequest(
        video=media[0],
        sound=str(media[1]),
        output=output,
        mask=mask,
        recipe=load_preset("fast").model_copy(update={"seed": 5}),
        end="0.5s",
    )
    hashes = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in request.inputs}
    return write_sidecar(request, hashes, {})


def frames(path):
    with VideoReader(path) as reader:
        return np.stack([frame.rgb for frame in reader.frames(0)]).astype(int)


def preview_a_frame(visitor, media, axe):
    """A mask is painted, and one frame edited."""
    assert visitor.in_sight(".runbar")
    assert visitor.faults(axe) == []
    visitor.bring(media)
    assert visitor.page.get_by_text(media[0].name).first.is_visible()
    visitor.paint(*STROKE)
    visitor.set("sampling.steps=2")
    visitor.run("frame")
    assert visitor.page.locator(".working").is_visible()  # at once
    visitor.players()
    assert visitor.in_sight(".runbar")
    assert visitor.in_sight(".screen")
    assert visitor.faults(axe) == []


def edit_a_part(visitor):
    """Half a second is edited; on the way the page is loaded anew, and the edit cancelled and resumed."""
    part = visitor.page.get_by_label("To (seconds)")
    part.fill("0.5")
    part.press("Enter")
    visitor.page.locator(".runs .strong").get_by_text("Edit 0.5 s").wait_for()
    visitor.page.locator(".price").get_by_text("about").wait_for()
    visitor.page.get_by_role("button", name="rain", exact=True).click()
    visitor.page.get_by_text("Edited as rain").wait_for()
    visitor.set("sampling.steps=60")
    visitor.run("all")
    visitor.steps_done()
    visitor.page.reload()  # in mid-run
    visitor.steps_done()
    assert "sampling.steps=60" in visitor.more("textarea").input_value()
    visitor.until_painted((0.5, 0.55))
    assert visitor.painted((0.1, 0.1)) == [0]
    visitor.page.get_by_text("Edited as rain").wait_for()
    visitor.click("Cancel", within=".result")
    visitor.state("cancelled")
    visitor.click("Resume", within=".result")
    visitor.state("done")


def compare(visitor):
    """Source and edit, by the wipe, by holding the button, and by their sounds."""
    visitor.players()
    assert visitor.in_sight(".runbar")
    assert visitor.page.evaluate(CUT) == "0%"  # all of it is the edit
    visitor.page.get_by_label("Wipe between source and edit").fill("50")
    assert visitor.page.evaluate(CUT) == "50%"
    visitor.page.get_by_role("button", name="Hold to see the source").hover()
    visitor.page.mouse.down()
    assert visitor.page.evaluate(CUT) == "100%"
    visitor.page.mouse.up()
    assert visitor.page.evaluate(CUT) == "50%"
    visitor.page.get_by_label("Sound", exact=True).select_option("source")
    assert visitor.page.evaluate(MUTED) == [False, True]


def keep(visitor, media, folder):
    """The edit and its recipe, downloaded: the painted place has changed, the rest has not."""
    name = visitor.download("Download", folder / "out.mp4")
    assert name == "img-src-x-onerror-alert-1-fire.mp4"
    recipe = folder / "out.recipe.json"
    assert visitor.download("Recipe", recipe) == name.replace(".mp4", ".recipe.json")
    assert json.loads(recipe.read_text())["output"]["frames"] == 6
    source, edited = frames(media[0]), frames(folder / "out.mp4")
    assert edited.shape == (6, 120, 160, 3)
    change = np.abs(edited - source[:6]).mean(-1)
    assert change[:, 50:70, 60:100].mean() > 5
    assert change[:, :, :15].mean() < 5
    return recipe


def restore(other, recipe, media):
    """The recipe in another browser asks for the same edit."""
    other.choose("recipe", recipe)
    other.page.get_by_text("Now add this recipe's video").wait_for()
    other.bring(media)
    other.page.get_by_text("Edited as rain").wait_for()
    other.until("document.querySelector('.notice').hidden")
    other.until_painted((0.5, 0.55))
    assert other.painted((0.1, 0.1)) == [0]
    assert "sampling.steps=60" in other.more("textarea").input_value()
    assert other.page.get_by_label("To (seconds)").input_value() == "0.5"
    assert other.trouble == []


@pytest.mark.parametrize("size", LONG_SIZES)
def test_the_story(visit, media, axe, tmp_path, size):
    """From an empty page to the edit on disk, and from its recipe to the same again in another browser."""
    width, height = SIZES[size]
    visitor = visit(viewport={"width": width, "height": height})
    preview_a_frame(visitor, media, axe)
    edit_a_part(visitor)
    compare(visitor)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visitor.page.evaluate(BEYOND) == []
    recipe = keep(visitor, media, tmp_path)
    assert visitor.trouble == []
    restore(visit(), recipe, media)


def test_one_click_on_an_example_shows_a_picture(visit):
    visitor = visit()
    visitor.page.get_by_role("button", name="fire", exact=True).click()
    visitor.page.locator(".working").wait_for()
    visitor.players()
    visitor.page.get_by_text("Edited as fire").wait_for()
    visitor.until_painted((0.8, 0.6))
    assert visitor.painted((0.2, 0.5)) == [0]
    assert visitor.trouble == []


@pytest.mark.long
def test_tabs_agree(visit, media):
    visitor = visit().bring(media).set("sampling.steps=2")
    first, second = visitor.page, visitor.tab()
    second.goto(visitor.address)
    second.get_by_text(media[0].name).first.wait_for()
    visitor.paint(*STROKE)
    visitor.page = second
    visitor.until_painted((0.5, 0.55))
    visitor.run("frame")
    visitor.players()
    first.locator(".job[data-state=done]").wait_for()
    assert visitor.trouble == []


@pytest.mark.long
def test_the_server_is_started_again_with_an_unfinished_edit(visit, server, media):
    visitor = visit().bring(media).set("sampling.steps=24").paint(*STROKE)
    visitor.run("all")
    visitor.steps_done()
    visitor.page.goto("about:blank")
    assert server.stop() == 0
    server.start()
    visitor.open()
    visitor.state("interrupted")
    visitor.until_painted((0.5, 0.55))
    visitor.page.get_by_text("Nothing is lost").first.wait_for()
    visitor.click("Resume", within=".result")
    visitor.state("done")
    visitor.players()


def test_a_recipe_of_the_command_line_comes_back(visit, media, tmp_path):
    image = make.write_image(tmp_path / "mask.png", make.disc_mask((120, 160)))
    recipe = made(media, tmp_path / "out.mp4", MaskRequest(polygon="40,30,120,30,80,100"))
    elsewhere = made(media, tmp_path / "other.mp4", MaskRequest(paths=(str(image),)))
    visitor = visit().bring(media)
    visitor.choose("recipe", recipe)
    visitor.page.get_by_label(re.compile(r"along the 0\.5 seconds")).wait_for()
    assert visitor.more("input").first.input_value() == "5"
    visitor.until_painted((0.5, 0.34))
    assert visitor.painted((0.5, 0.34), (0.12, 0.75)) == [255, 0]
    visitor.choose("recipe", elsewhere)
    visitor.page.get_by_text("paint it again").wait_for()
    assert visitor.painted((0.5, 0.34)) == [0]
    assert visitor.trouble == []


@pytest.mark.long
def test_a_saved_edit_brings_its_recipe_and_mask_to_another_browser(visit, media, tmp_path):
    visitor = visit().bring(media).set("sampling.steps=2").paint(*STROKE)
    visitor.run("eight")
    visitor.players()
    film = tmp_path / "fire.mp4"
    visitor.download("Download", film)
    assert visitor.trouble == []

    other = visit()
    other.drop(film)
    other.page.get_by_text("is an edit: its settings are back").wait_for()
    other.page.get_by_text("Now add this recipe's video").wait_for()
    other.page.reload()  # what is waited for is kept
    other.bring(media)
    other.until_painted((0.5, 0.55))
    assert other.painted((0.1, 0.1)) == [0]
    assert "sampling.steps=2" in other.more("textarea").input_value()
    other.drop(film)
    other.click("Edit this video itself")
    other.page.locator(".pill[data-kind=video]").get_by_text("fire.mp4").wait_for()
    other.frame(0)
    assert other.painted((0.5, 0.55)) == [0]
    assert other.trouble == []


def test_five_clicks_and_one_stroke_make_an_edit_of_two_seconds(visit, media, tmp_path):
    clip = make.write_video(tmp_path / "sea.mp4", 24, size=(120, 160), fps=12)
    visitor = visit().bring((clip, media[1])).paint(*STROKE)
    visitor.page.locator(".runs .strong").get_by_text("Edit 2.0 s").wait_for()
    visitor.set("sampling.steps=2")  # for the test's sake; a visitor leaves it
    visitor.run("all")
    visitor.players()
    visitor.download("Download", tmp_path / "out.mp4")
    assert len(frames(tmp_path / "out.mp4")) == 24
    assert visitor.clicks <= 5
    assert visitor.trouble == []


def test_a_long_video_begins_with_its_loudest_seconds(visit, tmp_path):
    """Three of twelve seconds are chosen at once, whatever sound comes later."""
    loud = np.where((np.arange(12 * 44_100) // 44_100) // 3 == 2, 1.0, 0.05)
    noise = np.random.default_rng(0).uniform(-0.6, 0.6, len(loud)) * loud
    clip = make.write_video(
        tmp_path / "long.mp4", 72, size=(48, 64), fps=6, audio=noise[None].astype(np.float32)
    )
    visitor = visit()
    visitor.choose("video", clip)
    visitor.page.locator(".runs .strong").get_by_text("Edit 3.0 s").wait_for()
    visitor.until("JSON.parse(localStorage.getItem('soundini-draft')).start !== null")
    begun = float(visitor.page.get_by_label("From (seconds)").input_value())
    assert abs(begun - 6) <= 0.5  # by the waveform, which is drawn in half seconds
    assert visitor.trouble == []
