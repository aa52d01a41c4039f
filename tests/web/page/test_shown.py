import pytest

from soundini.joint.naming import stretches
from soundini.web.page.heard import heard_picture
from soundini.web.page.shown import job_result, job_row, job_words
from soundini.web.page.texts import Texts
from soundini.web.views import Heard, JobView, Summary

ENGLISH = Texts("en")


def job(**changes):
    fields = {
        "id": "a" * 32,
        "label": "<b>clip</b>.mp4 + fire.wav",
        "scope": "all",
        "state": "running",
        "step": 0,
        "steps": 0,
        "masks": None,
        "eta_seconds": None,
        "losses": {},
        "queue_place": None,
        "error": "",
        "created": "2026-01-01T00:00:00Z",
        "summary": None,
    }
    return JobView(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Reading the video"),
        ({"state": "queued", "queue_place": 3}, "Number 3 in the queue"),
        ({"masks": 0.254}, "Following the mask through the video · 25%"),
        (
            {"step": 3, "steps": 10, "masks": 1.0, "eta_seconds": 4.2},
            "Step 3 of 10 · about 5 s left",
        ),
        ({"step": 3, "steps": 10, "eta_seconds": 150}, "about 3 min left"),
        ({"state": "failed", "error": "the disk is full; make room"}, "make room"),
        ({"state": "interrupted"}, "Nothing is lost"),
    ],
)
def test_a_job_is_told_in_a_line(changes, words):
    assert words in job_words(ENGLISH, job(**changes))


def test_rows_offer_what_can_be_done():
    assert job_row(ENGLISH, job(), None)["actions"] == ("cancel",)
    assert job_row(ENGLISH, job(state="cancelled"), None)["actions"] == ("resume", "delete")
    assert job_row(ENGLISH, job(state="done"), "a" * 32)["shown"]


def test_results_hold_figures_only_where_they_were_measured():
    summary = Summary(
        frames=1, seconds=2.5, temporal=None, seams=None, losses={"sound": 0.25}, warnings=("w",)
    )
    shown = job_result(ENGLISH, job(state="done", scope="frame", summary=summary), "")
    assert [name for name, _, _ in shown["summary"]] == ["Distance to the sound", "Cost"]
    assert shown["still"]
    assert shown["warnings"] == ["w"]


def heard(classes):
    return Heard(
        seconds=4.0, peaks=(0.1, 1.0), times=(0.0, 4.0), envelope=(0.0, 1.0), classes=classes
    )


def test_moments_that_hear_the_same_are_one_stretch():
    rain, fire = {"fire": 0.2, "rain": 0.8}, {"fire": 0.9, "rain": 0.1}
    found = stretches(((0.5, rain), (1.5, rain), (2.5, fire), (3.5, fire)), 4.0)
    assert [(s.begin, s.end, s.name) for s in found] == [(0, 2, "rain"), (2, 4, "fire")]
    assert found[0].share == pytest.approx(0.8)


def test_what_is_heard_is_told_to_those_who_do_not_see_it():
    picture = heard_picture(ENGLISH, heard(((2.0, {'"><script>': 1.0}),)))
    assert "<script>" not in picture
    assert "0.0 to 4.0 s: &quot;&gt;&lt;script&gt; 100%" in picture
    assert "nothing the models have a word for" in heard_picture(ENGLISH, heard(()))
