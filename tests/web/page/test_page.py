"""What the page is built of, without a browser."""

import asyncio
from types import SimpleNamespace

import pytest

from soundini.web.forms.forms import EditForm
from soundini.web.page.controls import values_of
from soundini.web.page.draft import Draft
from soundini.web.page.hearing import heard_for
from soundini.web.page.page import build_page, rest

FILES = Draft(video="0" * 32, sound="self")


def values(**changes):
    return list((values_of(EditForm(settings=("output.audio=guide",))) | changes).values())


@pytest.mark.parametrize(
    "changes",
    [
        {"preset": "quality"},
        {"start": "1.5s"},
        {"end": "30"},
        {"settings": "guidance.lambda_flow=3\n sound.offset=1"},
    ],
)
def test_what_is_heard_depends_on_these(changes):
    assert heard_for(FILES, values(**changes)) != heard_for(FILES, values())


def test_what_is_heard_depends_on_nothing_else():
    same = values(
        strength=2, audio="mix", track=True, whole=True, feather="0.5", dilate=9, seed=4, start=" ",
        method="vqgan-clip", settings="guidance.lambda_flow=3",
    )  # fmt: skip
    assert heard_for(FILES, same) == heard_for(FILES, values())
    assert heard_for(FILES.with_(frame=7, keyframes={0: "1" * 32}), same) == heard_for(FILES, same)
    assert heard_for(FILES.with_(sound="2" * 32), same) != heard_for(FILES, same)


def test_an_idle_page_rests(service):
    async def built():  # Gradio opens a loop of its own where none runs, and leaves it open
        return build_page(service, lambda request: "a" * 32)

    page = asyncio.run(built())
    assert page.blocks._queue.sleep_when_free == 0.05


def test_a_gradio_that_keeps_its_pause_elsewhere_is_left_as_it_is():
    rest(SimpleNamespace())
    elsewhere = SimpleNamespace(_queue=SimpleNamespace(pause=0.001))
    rest(elsewhere)
    assert vars(elsewhere._queue) == {"pause": 0.001}
