"""The page as people use it: the real command, the real models, a real browser."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

import media_factory as make
from soundini.config.presets import load_preset
from soundini.editing.request import EditRequest, MaskRequest, write_sidecar
from soundini.media.video_reader import VideoReader

BEYOND = """() => [...document.querySelectorAll(".card *")].filter(e => e.getBoundingClientRect().right > innerWidth)
    .map(e => e.outerHTML.slice(0, 100))"""
PAINTED = """() => { const pen = document.querySelector(".stage .paint").getContext("2d");
    return [[80, 40], [80, 90], [20, 90]].map(([x, y]) => pen.getImageData(x, y, 1, 1).data[3]); }"""
SCREEN = """() => { const rows = [...document.querySelectorAll(".transport > *")]
        .map(e => e.getBoundingClientRect()).map(box => box.top + box.height / 2);
    return [...[...document.querySelectorAll(".screen video")].map(v => [v.videoWidth, v.videoHeight]),
        Math.max(...rows) - Math.min(...rows) < 4]; }"""
"""The sizes of both films, and whether what plays them stands in one row."""
MUTED = "() => [...document.querySelectorAll('.screen video')].map(v => v.muted)"
STROKE = ((0.4, 0.5), (0.5, 0.55), (0.6, 0.5))


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


def test_from_opening_the_page_to_the_edit_on_disk(visit, media, axe, tmp_path):
    visitor = visit().bring(media)
    assert visitor.part("video").get_by_text(media[0].name).is_visible()
    clicks = visitor.clicks
    visitor.set("sampling.steps=2").paint(*STROKE)
    assert visitor.faults(axe) == []

    visitor.click("Preview one frame")
    visitor.players()
    assert visitor.faults(axe) == []

    visitor.set("sampling.steps=30")
    visitor.click("Run all")
    visitor.state("running")
    visitor.steps_done()
    visitor.page.reload()  # in mid-run
    visitor.steps_done()
    assert "sampling.steps=30" in visitor.more().input_value()
    visitor.state("done")
    visitor.players()
    edited = frames(visitor.download("Download the video", tmp_path / "out.mp4"))
    recipe = json.loads(visitor.download("Download its recipe", tmp_path / "r.json").read_text())
    assert visitor.clicks - 1 <= 8  # the preview's player came of a click of its own
    assert clicks == 2
    assert recipe["request"]["recipe"]["sampling"]["steps"] == 30

    source = frames(media[0])
    assert edited.shape == source.shape
    change = np.abs(edited - source).mean(-1)
    rows, columns = np.mgrid[:120, :160]
    inside = np.hypot(rows - 62, columns - 80) < 8
    far = (rows < 36) | (rows > 84) | (columns < 40) | (columns > 120)
    assert change[:, inside].mean() > 8
    assert change[:, far].mean() < 2.5  # what the codec does
    visitor.page.get_by_label("Wipe between source and edit").press("ArrowLeft")
    assert visitor.page.locator(".screen").get_attribute("style") == "--cut: 49%;"
    visitor.page.get_by_role("button", name="Play").press("Enter")
    visitor.page.wait_for_function(
        "() => [...document.querySelectorAll('.screen video')].every(v => v.currentTime > 0)"
    )
    visitor.page.get_by_label("Sound", exact=True).select_option("Source")
    assert visitor.page.evaluate(MUTED) == [False, True]
    visitor.page.get_by_label("Sound", exact=True).select_option("Mute")
    assert visitor.page.evaluate(MUTED) == [True, True]
    assert visitor.trouble == []

    visitor.choose("recipe", tmp_path / "out.mp4")
    visitor.page.locator(".chip").wait_for()
    assert "sampling.steps=30" in visitor.more().input_value()
    visitor.click("Another seed")
    visitor.state("running")
    visitor.click("Cancel", within="result")
    visitor.state("stopped")


@pytest.mark.parametrize(
    ("language", "run", "first", "bad"),
    [
        ("en", "Run all", "Add a video first", "is not a video"),
        ("ko", "모두 실행", "먼저 영상을 넣으세요", "모르는 형식입니다"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_wrong(visit, tmp_path, language, run, first, bad):
    visitor = visit(f"?lang={language}", locale="de-DE")
    visitor.click(run)
    visitor.page.get_by_text(first).wait_for()
    text = tmp_path / "notes<b>.mp4"
    text.write_text("this is no video")
    visitor.choose("video", text)
    problem = visitor.part("video").get_by_role("alert")
    problem.wait_for()
    assert "notes<b>.mp4" in problem.inner_text()
    assert bad in problem.inner_text()
    assert visitor.page.evaluate("document.documentElement.lang") == language
    assert visitor.page.locator(".stage").is_hidden()


def test_an_edit_is_stopped_and_goes_on(visit, media):
    visitor = visit().bring(media).set("sampling.steps=20").paint(*STROKE)
    visitor.click("Run all")
    visitor.steps_done()
    visitor.click("Cancel", within="result")
    visitor.state("stopped")
    visitor.click("Resume", within="result")
    visitor.steps_done()
    visitor.click("Cancel", within="result")
    visitor.state("stopped")
    visitor.click("Delete", within="result")
    visitor.page.get_by_text("Nothing yet.").wait_for()
    assert visitor.trouble == []


def test_the_server_is_started_again_with_an_unfinished_edit(visit, server, media):
    visitor = visit().bring(media).set("sampling.steps=30").paint(*STROKE)
    visitor.click("Run all")
    visitor.steps_done()
    visitor.page.goto("about:blank")
    assert server.stop() == 0
    server.start()
    visitor.open()
    visitor.state("interrupted")
    visitor.page.get_by_text("Nothing is lost").first.wait_for()
    visitor.click("Resume", within="result")
    visitor.state("done")
    visitor.players()


def test_everything_can_be_done_with_the_keyboard(visit, media):
    visitor = visit().bring(media)
    page = visitor.page
    page.locator(".stage .above").focus()
    for key in ("Space", "Shift+ArrowRight", "ArrowDown", "Space"):
        page.keyboard.press(key)
    keep = page.get_by_role("button", name="Add as keyframe")
    keep.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove the keyframe at frame 0").wait_for()

    page.get_by_label("Frame", exact=True).focus()
    page.keyboard.press("End")
    page.locator(".stage img[alt='Frame 11 of the video']").wait_for()
    page.get_by_text("Draw by numbers").click()
    page.get_by_role("button", name="Draw the ellipse").press("Enter")
    keep.press("Enter")
    page.get_by_role("button", name="Remove the keyframe at frame 11").wait_for()

    page.get_by_role("button", name="Check the mask").press("Enter")
    film = page.locator(".film video")
    film.wait_for()
    page.wait_for_function("() => document.querySelector('.film video').readyState >= 2")
    page.get_by_role("button", name="Remove the keyframe at frame 11").press("Enter")
    page.get_by_role("button", name="Remove the keyframe at frame 11").wait_for(state="detached")
    assert visitor.trouble == []


def test_what_is_heard_is_drawn_again_when_it_changes(visit, media):
    visitor = visit().bring(media)
    page, wave = visitor.page, visitor.page.locator(".heard .wave")
    visitor.more()
    end = page.get_by_label("To (seconds)")
    end.fill("0.5s")
    end.press("Enter")
    page.get_by_label(re.compile("along the 0.5 seconds")).wait_for()
    end.fill("soon")
    end.blur()
    page.get_by_role("alert").get_by_text("write a frame").wait_for()
    end.fill("0.5s")
    end.blur()
    page.get_by_role("alert").get_by_text("write a frame").wait_for(state="hidden")
    loud = wave.get_attribute("d")
    visitor.set("sound.gain=0.25")
    page.locator(f".heard .wave:not([d='{loud}'])").wait_for()
    assert visitor.trouble == []


def test_a_recipe_of_the_command_line_comes_back(visit, media, tmp_path):
    image = make.write_image(tmp_path / "mask.png", make.disc_mask((120, 160)))
    recipe = made(media, tmp_path / "out.mp4", MaskRequest(polygon="40,30,120,30,80,100"))
    painted_elsewhere = made(media, tmp_path / "other.mp4", MaskRequest(paths=(str(image),)))
    visitor = visit()
    visitor.choose("recipe", recipe)
    visitor.page.get_by_text("This recipe's video is not here").wait_for()
    visitor.bring(media)
    visitor.choose("recipe", recipe)
    visitor.page.locator(".chip").wait_for()
    visitor.page.get_by_label(re.compile("along the 0.5 seconds")).wait_for()
    visitor.page.get_by_text("is not here").wait_for(state="hidden")
    visitor.more()
    assert visitor.page.get_by_label("Seed").input_value() == "5"
    assert visitor.trouble == []
    assert visitor.page.evaluate(PAINTED) == [255, 255, 0]
    visitor.choose("recipe", painted_elsewhere)
    visitor.page.get_by_text("paint it again").wait_for()
    visitor.page.locator(".chip").wait_for(state="detached")
    assert visitor.page.evaluate(PAINTED) == [0, 0, 0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_is_seen_by_all(visit, media, axe, scheme, tmp_path):
    """The video has an odd size, which phones do not play as it is."""
    visitor = visit(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    assert visitor.faults(axe) == []
    odd = make.write_video(tmp_path / "odd.mp4", 8, size=(121, 161), pixel_format="yuv444p")
    visitor.bring((odd, media[1])).set("sampling.steps=1").paint(*STROKE)
    visitor.click("Preview eight")
    visitor.players()
    assert visitor.faults(axe) == []
    assert visitor.page.evaluate(SCREEN) == [[162, 122]] * 2 + [True]
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert visitor.page.evaluate(BEYOND) == []


def test_a_sound_is_recorded(visit, media):
    visitor = visit()
    visitor.choose("video", media[0])
    visitor.click("Record")
    visitor.page.get_by_role("button", name="Stop recording").wait_for()
    visitor.page.evaluate("window.begun = performance.now()")
    visitor.page.wait_for_function("() => performance.now() - window.begun > 1500")
    visitor.click("Stop recording")
    visitor.part("sound").get_by_text("recording.webm").wait_for()
    visitor.page.locator(".heard svg").wait_for()
    assert visitor.trouble == []


def test_korean_is_spoken_throughout(visit, media):
    visitor = visit("?lang=ko").bring(media)
    texts = Path(__file__).parents[2] / "src/soundini/web/page/texts"
    english, korean = (json.loads((texts / f"{name}.json").read_text()) for name in ("en", "ko"))
    visitor.page.get_by_role("button", name=korean["look.more"]).click()
    shown = visitor.page.evaluate(
        """() => [document.body.innerText, ...[...document.querySelectorAll("*")].flatMap(
            e => ["aria-label", "title", "placeholder", "alt"].map(n => e.getAttribute(n) || ""))].join("\\n")"""
    )
    assert visitor.page.evaluate("document.documentElement.lang") == "ko"
    left = [key for key, words in english.items() if len(words) > 6 and words in shown]
    assert [key for key in left if english[key] != korean[key]] == []
    visitor.page.get_by_role("link", name="English").click()
    visitor.page.get_by_role("button", name=english["run.all"]).wait_for()
    assert visitor.trouble == []


def test_the_browser_says_which_language(visit):
    assert visit(locale="ko-KR").page.url.endswith("/ko/")
    assert visit(locale="de-DE").page.url.endswith("/en/")
