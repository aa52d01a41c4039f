"""What the page says of an edit in words: it alarms only where something is wrong."""

import pytest

from web_visitor import STROKE

GOOD = {"flicker": 6.1, "seams": 1.37, "seam_step": 7.2, "follows": 0.7}
"""Of a good fire, which changes from frame to frame by itself."""


@pytest.fixture
def told(visit, media):
    """What is said of an edit with given figures."""
    visitor = visit().bring(media).set("sampling.steps=2").paint(*STROKE)
    visitor.run("eight")
    visitor.players()
    figures = {}

    def answer(route):
        jobs = route.fetch().json()
        for job in jobs:
            job["summary"] = {**job["summary"], **figures}
        route.fulfill(json=jobs)

    visitor.page.route("**/api/v1/jobs", answer)

    def call(**changed):
        figures.update(GOOD | changed)
        visitor.page.reload()
        visitor.players()
        return visitor.page.locator(".verdict").all_inner_texts()

    return call


@pytest.mark.long
def test_words_fit_the_figures(told):
    assert told() == ["Moves as the effect does", "Follows the sound", "No visible seams"]
    assert told(flicker=-1.0)[0] == "Looks steady"
    assert told(flicker=28.0)[0] == "Flickers"
    assert told(seams=1.3, seam_step=9.0)[2] == "No visible seams"
    assert told(seams=2.0, seam_step=3.0)[2] == "No visible seams"
    assert told(seams=2.0, seam_step=12.0)[2] == "Seams may show"
    assert told(flicker=None, seam_step=None, seams=None) == ["Follows the sound"]
