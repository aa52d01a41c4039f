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

SIZES = {"desktop": (1440, 900), "720p": (1280, 720), "phone": (390, 844)}
BEYOND = """() => [...document.querySelectorAll("#page *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1
    && e.checkVisibility() && !e.closest(".ribbon, .sounding")).map(e => e.outerHTML.slice(0, 100))"""
MUTED = "() => [...document.querySelectorAll('.screen video')].map(v => v.muted)"
CUT = "() => document.querySelector('.screen').style.getPropertyValue('--cut')"
STROKE = ((0.4, 0.5), (0.5, 0.55), (0.6, 0.5))
SMALLEST = """() => [...document.querySelectorAll("button, .button, select, input[type=number]")]
    .filter(e => e.checkVisibility() && !e.closest(".track"))
    .map(e => [e.getBoundingClientRect().height, e.outerHTML.slice(0, 80)])
    .filter(([height]) => height < 43.5)"""


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


@pytest.mark.parametrize("size", SIZES)
def test_the_story(visit, media, axe, tmp_path, size):
    """From an empty page to the edit on disk, and from its recipe to the same again in another browser."""
    width, height = SIZES[size]
    visitor = visit(viewport={"width": width, "height": height})
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

    part = visitor.page.get_by_label("To (seconds)")
    part.fill("0.5")
    part.press("Enter")
    visitor.page.locator(".runs .strong").get_by_text("Edit 0.5 s").wait_for()
    visitor.page.locator(".price").get_by_text("about").wait_for()
    visitor.page.get_by_role("button", name="rain", exact=True).click()
    visitor.page.get_by_text("Edited as rain").wait_for()
    visitor.set("sampling.steps=30")
    visitor.run("all")
    visitor.steps_done()
    visitor.page.reload()  # in mid-run
    visitor.steps_done()
    assert "sampling.steps=30" in visitor.more("textarea").input_value()
    assert visitor.painted((0.5, 0.55), (0.1, 0.1)) == [255, 0]
    visitor.page.get_by_text("Edited as rain").wait_for()
    visitor.click("Cancel", within=".result")
    visitor.state("cancelled")
    visitor.click("Resume", within=".result")
    visitor.state("done")
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
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visitor.page.evaluate(BEYOND) == []

    name = visitor.download("Download", tmp_path / "out.mp4")
    assert name == "img-src-x-onerror-alert-1-fire.mp4"
    recipe = tmp_path / "out.recipe.json"
    assert visitor.download("Recipe", recipe) == name.replace(".mp4", ".recipe.json")
    assert json.loads(recipe.read_text())["output"]["frames"] == 6
    source, edited = frames(media[0]), frames(tmp_path / "out.mp4")
    assert edited.shape == (6, 120, 160, 3)
    change = np.abs(edited - source[:6]).mean(-1)
    assert change[:, 50:70, 60:100].mean() > 5
    assert change[:, :, :15].mean() < 5
    assert visitor.trouble == []

    other = visit()
    other.choose("recipe", recipe)
    other.page.get_by_text("Now add this recipe's video").wait_for()
    other.bring(media)
    other.page.get_by_text("Edited as rain").wait_for()
    other.until("document.querySelector('.notice').hidden")
    assert other.painted((0.5, 0.55), (0.1, 0.1)) == [255, 0]
    assert "sampling.steps=30" in other.more("textarea").input_value()
    assert other.page.get_by_label("To (seconds)").input_value() == "0.5"
    assert other.trouble == []


def test_one_click_on_an_example_shows_a_picture(visit):
    visitor = visit()
    visitor.page.get_by_role("button", name="fire", exact=True).click()
    visitor.page.locator(".working").wait_for()
    visitor.steps_done()
    visitor.players()
    visitor.page.get_by_text("Edited as fire").wait_for()
    assert visitor.painted((0.8, 0.6), (0.2, 0.5)) == [255, 0]
    assert visitor.trouble == []


def test_a_file_that_is_none_is_told_beside_where_it_was_chosen(visit, media, tmp_path):
    notes = tmp_path / "notes<b>.mp4"
    notes.write_text("no video at all")
    for language, bad in (("en", "is not a video"), ("ko", "형식")):
        visitor = visit(f"?lang={language}").bring(media) if language == "en" else visit("?lang=ko")
        visitor.choose("sound", notes)
        problem = visitor.page.locator(".pill[data-kind=sound] .problem")
        problem.wait_for()
        assert "notes<b>.mp4" in problem.inner_text()
        assert bad in problem.inner_text() or language == "en"
        visitor.choose("sound", media[1])
        problem.wait_for(state="hidden")  # mended


def test_what_is_missing_is_said_and_goes_when_it_is_there(visit, media):
    visitor = visit()
    problem = visitor.page.locator(".runbar .problem")
    visitor.run("all")
    assert "video first" in problem.inner_text()
    visitor.bring(media)
    problem.wait_for(state="hidden")
    visitor.run("frame")
    assert "Paint on the video" in problem.inner_text()
    visitor.paint(*STROKE)
    problem.wait_for(state="hidden")
    assert visitor.trouble == []


def test_cancel_never_turns_into_another_button_and_delete_is_undone(visit, media):
    visitor = visit().bring(media).set("sampling.steps=60").paint(*STROKE)
    visitor.run("all")
    visitor.steps_done()
    stop = visitor.page.locator(".working button")
    place = stop.bounding_box()
    stop.click()
    assert visitor.page.get_by_text("Stopping…").first.is_visible()
    visitor.page.mouse.click(place["x"] + 20, place["y"] + 10)
    visitor.state("cancelled")
    visitor.page.mouse.click(place["x"] + 20, place["y"] + 10)
    job = visitor.page.locator(".job")
    assert job.count() == 1
    job.get_by_role("button", name="Delete").click()
    job.wait_for(state="detached")
    visitor.click("Undo", within=".toast")
    visitor.state("cancelled")
    job.get_by_role("button", name="Rename").click()
    field = visitor.page.get_by_label("New name")
    field.fill("my <b>storm")
    field.press("Enter")
    visitor.page.locator(".job-name").get_by_text("my <b>storm").wait_for()
    assert visitor.trouble == []


def test_tabs_agree(visit, media):
    visitor = visit().bring(media).set("sampling.steps=2")
    first, second = visitor.page, visitor.tab()
    second.goto(visitor.address)
    second.get_by_text(media[0].name).first.wait_for()
    visitor.paint(*STROKE)
    visitor.page = second
    visitor.until("true")
    visitor.run("frame")
    visitor.players()
    first.locator(".job[data-state=done]").wait_for()
    assert visitor.trouble == []


def test_the_server_is_started_again_with_an_unfinished_edit(visit, server, media):
    visitor = visit().bring(media).set("sampling.steps=20").paint(*STROKE)
    visitor.run("all")
    visitor.steps_done()
    visitor.page.goto("about:blank")
    assert server.stop() == 0
    server.start()
    visitor.open()
    visitor.state("interrupted")
    assert visitor.painted((0.5, 0.55)) == [255]
    visitor.page.get_by_text("Nothing is lost").first.wait_for()
    visitor.click("Resume", within=".result")
    visitor.state("done")
    visitor.players()


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
    page.locator(".stage .film").wait_for()
    visitor.until("document.querySelector('.stage .film').readyState >= 2")
    head.focus()
    page.keyboard.press("ArrowLeft")  # between keyframes, the followed mask is shown
    assert page.locator(".stage .film").is_visible()
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


def test_a_short_sound_is_warned_about_before_it_is_paid_for(visit, media, tmp_path):
    from soundini.demo.crackle import crackle

    short = make.write_sound(tmp_path / "short.wav", crackle(0.4).samples, 44_100)
    visitor = visit().bring((media[0], short))
    visitor.page.get_by_text("The sound ends after").wait_for()
    visitor.click("Repeat a short sound", within=".heard")
    visitor.page.get_by_text("The sound ends after").wait_for(state="hidden")
    assert visitor.trouble == []


def test_a_drop_anywhere_is_caught(visit, media):
    visitor = visit()
    dropped = visitor.page.evaluate_handle(
        """bytes => { const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "fire.wav", { type: "audio/wav" })); return data; }""",
        list(media[1].read_bytes()),
    )
    visitor.page.locator(".side").dispatch_event("drop", {"dataTransfer": dropped})
    visitor.page.locator(".pill[data-kind=sound]").get_by_text("fire.wav").wait_for()
    assert visitor.trouble == []


def test_a_recipe_of_the_command_line_comes_back(visit, media, tmp_path):
    image = make.write_image(tmp_path / "mask.png", make.disc_mask((120, 160)))
    recipe = made(media, tmp_path / "out.mp4", MaskRequest(polygon="40,30,120,30,80,100"))
    elsewhere = made(media, tmp_path / "other.mp4", MaskRequest(paths=(str(image),)))
    visitor = visit().bring(media)
    visitor.choose("recipe", recipe)
    visitor.page.get_by_label(re.compile(r"along the 0\.5 seconds")).wait_for()
    assert visitor.more("input").first.input_value() == "5"
    while visitor.painted((0.5, 0.34)) != [255]:
        visitor.page.wait_for_timeout(50)
    assert visitor.painted((0.5, 0.34), (0.12, 0.75)) == [255, 0]
    visitor.choose("recipe", elsewhere)
    visitor.page.get_by_text("paint it again").wait_for()
    assert visitor.painted((0.5, 0.34)) == [0]
    assert visitor.trouble == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
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
