"""What goes wrong on the page is told where it is mended, and what was done can be taken back."""

import media_factory as make
from web_visitor import STROKE

NOTE_ALL = """() => { window.noted = []; const place = document.querySelector(".result");
    new MutationObserver(() => window.noted.push(place.innerText))
        .observe(place, { subtree: true, childList: true, characterData: true }); }"""
"""Keeps all that the result says from now on."""


def test_a_file_that_is_none_is_told_beside_where_it_was_chosen(visit, media, tmp_path):
    notes = tmp_path / "notes<b>.mp4"
    notes.write_text("no video at all")
    for language, bad in (("en", "is not a video"), ("ko", "글만 든 파일")):
        visitor = visit(f"?lang={language}")
        for kind, good in zip(("video", "sound"), media, strict=True):
            visitor.choose(kind, notes)
            problem = visitor.page.locator(f".problem[data-about={kind}]")
            problem.wait_for()
            assert "notes<b>.mp4" in problem.inner_text()
            assert bad in problem.inner_text()
            visitor.choose(kind, good)
            problem.wait_for(state="hidden")  # mended


def test_what_is_missing_is_said_and_goes_when_it_is_there(visit, media):
    visitor = visit()
    problems = visitor.page.locator(".problem >> visible=true")

    def told(where, words):
        problems.wait_for()
        assert problems.get_attribute("data-about") == where
        assert words in problems.inner_text()
        assert visitor.in_sight(".problem >> visible=true")

    visitor.run("all")
    told("video", "video first")
    visitor.choose("video", media[0])
    visitor.frame(0)
    problems.wait_for(state="hidden")
    visitor.run("eight")
    told("sound", "sound first")
    visitor.choose("sound", media[1])
    visitor.heard()
    visitor.run("frame")
    told("masks", "Paint on the video")
    visitor.paint(*STROKE)
    problems.wait_for(state="hidden")
    visitor.set("sampling.stepps=2")
    visitor.run("frame")
    told("settings", "unknown setting sampling.stepps")
    visitor.set("sampling.steps=2")
    problems.wait_for(state="hidden")
    visitor.run("frame")
    visitor.players()
    assert all(
        "400" in line or "422" in line for line in visitor.trouble
    )  # the browser tells of refusals


def test_cancel_never_turns_into_another_button_and_delete_is_undone(visit, media):
    visitor = visit().bring(media).set("sampling.steps=60").paint(*STROKE)
    visitor.run("all")
    visitor.steps_done()
    stop = visitor.page.locator(".working button")
    place = stop.bounding_box()
    visitor.page.evaluate(NOTE_ALL)
    stop.click()
    visitor.page.mouse.click(place["x"] + 20, place["y"] + 10)
    visitor.state("cancelled")
    assert visitor.page.evaluate("window.noted.some(words => words.includes('Stopping…'))")
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


def test_a_short_sound_is_warned_about_before_it_is_paid_for(visit, media, tmp_path):
    from soundini.demo.sounds import crackle

    short = make.write_sound(tmp_path / "short.wav", crackle(0.4).samples, 44_100)
    visitor = visit().bring((media[0], short))
    visitor.page.get_by_text("The sound ends after").wait_for()
    visitor.click("Repeat a short sound", within=".heard")
    visitor.page.get_by_text("The sound ends after").wait_for(state="hidden")
    assert visitor.trouble == []


def test_a_drop_anywhere_is_caught(visit, media):
    visitor = visit()
    visitor.drop(media[1])
    visitor.page.locator(".pill[data-kind=sound]").get_by_text("fire.wav").wait_for()
    assert visitor.trouble == []
