"""The page by keyboard, mouse, finger and voice, and in two languages."""

import json
import re
from pathlib import Path

import pytest

import media_factory as make
from web_visitor import BEYOND, LONG, STROKE

SMALLEST = """() => [...document.querySelectorAll("button, .button, select, input[type=number]")]
    .filter(e => e.checkVisibility() && !e.closest(".track"))
    .map(e => [e.getBoundingClientRect().height, e.outerHTML.slice(0, 80)])
    .filter(([height]) => height < 43.5)"""


def test_everything_can_be_done_with_the_keyboard(visit, media):
    visitor = visit().bring(media)
    page = visitor.page
    page.locator(".stage .above").focus()
    for key in ("Space", "Shift+ArrowRight", "ArrowDown", "Space"):
        page.keyboard.press(key)
    visitor.until("JSON.parse(localStorage.getItem('soundini-draft')).layers.length === 1")
    head = page.get_by_label("Frame", exact=True)
    head.focus()
    page.keyboard.press("End")
    visitor.frame(11)
    keep = page.get_by_role("button", name="Add keyframe")
    keep.press("Enter")
    page.get_by_role("button", name="Keyframe at frame 11").wait_for()
    visitor.more(".exact summary").click()
    page.get_by_role("button", name="Draw the ellipse").press("Enter")
    page.get_by_label("End of the part").focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.locator(".runs .strong").get_by_text("Edit 0.5 s").wait_for()
    page.get_by_label("End of the part").press("End")

    page.get_by_role("button", name="Check the mask").press("Enter")
    page.locator(".stage.is-followed").wait_for(timeout=LONG)
    visitor.until("document.querySelector('.stage .film').readyState >= 2")
    head.focus()
    page.keyboard.press("ArrowLeft")  # between keyframes, the followed mask is shown
    page.locator(".stage .film").wait_for()
    page.keyboard.press("End")
    page.get_by_role("button", name="Remove keyframe").press("Enter")
    page.get_by_role("button", name="Keyframe at frame 11").wait_for(state="detached")
    assert visitor.trouble == []


def test_the_part_is_trimmed_with_the_mouse_and_played(visit, media):
    visitor = visit().bring(media)
    page = visitor.page
    handle, track = page.locator(".handle.to"), page.locator(".track").bounding_box()
    box = handle.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] * 0.5, box["y"] + 80, steps=4)
    page.mouse.up()
    page.locator(".runs .strong").get_by_text("Edit 0.5 s").wait_for()
    page.get_by_label(re.compile(r"along the 0\.5 seconds")).wait_for()
    page.get_by_role("button", name="Play the part with its sound").click()
    page.get_by_role("button", name="Pause").wait_for()
    visitor.until("document.querySelector('.timeline audio').currentTime > 0.05")
    page.get_by_role("button", name="Pause").click()
    field = page.get_by_label("From (seconds)")
    field.fill("3")
    field.press("Enter")
    page.get_by_text("The end must come after").wait_for()
    field.fill("0.2")
    field.press("Enter")
    page.get_by_text("The end must come after").wait_for(state="hidden")
    assert visitor.trouble == []


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_a_phone_has_room_for_fingers_and_any_film(visit, media, axe, scheme, tmp_path):
    """The video has an odd size, which phones do not play as it is, and stands upright."""
    visitor = visit(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    odd = make.write_video(tmp_path / "odd.mp4", 8, size=(261, 161), pixel_format="yuv444p")
    visitor.bring((odd, media[1])).set("sampling.steps=1").paint(*STROKE)
    assert visitor.in_sight(".stage")
    visitor.run("eight")
    visitor.players()
    assert visitor.faults(axe) == []
    assert visitor.page.evaluate(SMALLEST) == []
    assert (
        visitor.page.evaluate(
            "[...document.querySelectorAll('.screen video')].map(v => [v.videoWidth, v.videoHeight])"
        )
        == [[162, 262]] * 2
    )
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert visitor.page.evaluate(BEYOND) == []


def test_a_sound_is_recorded(visit, media):
    visitor = visit()
    visitor.choose("video", media[0])
    visitor.click("Record")
    visitor.page.get_by_role("button", name="Stop recording").wait_for()
    visitor.page.wait_for_timeout(1500)
    visitor.click("Stop recording")
    visitor.page.get_by_text("recording.webm").wait_for()
    visitor.heard()
    assert visitor.trouble == []


def test_korean_is_spoken_throughout(visit, media):
    visitor = visit("?lang=ko")
    visitor.choose("video", media[0])
    visitor.choose("sound", media[1])
    visitor.heard()
    texts = Path(__file__).parents[2] / "src/soundini/web/page/texts"
    english, korean = (json.loads((texts / f"{name}.json").read_text()) for name in ("en", "ko"))
    visitor.more("textarea").wait_for()
    shown = visitor.page.evaluate(
        """() => [document.body.innerText, ...[...document.querySelectorAll("*")].flatMap(
            e => ["aria-label", "title", "placeholder", "alt"].map(n => e.getAttribute(n) || ""))].join("\\n")"""
    )
    assert visitor.page.evaluate("document.documentElement.lang") == "ko"
    left = [key for key, words in english.items() if len(words) > 6 and words in shown]
    assert [key for key in left if english[key] != korean[key]] == []
    visitor.page.get_by_role("link", name="English").click()
    visitor.page.get_by_role("button", name=english["run.frame"]).wait_for()
    assert visitor.trouble == []


def test_the_browser_says_which_language(visit):
    assert visit(locale="ko-KR").page.url.endswith("/ko/")
    assert visit(locale="de-DE").page.url.endswith("/en/")
