"""An edit is known again by its record, whatever was chosen for the device."""

from pathlib import Path

import pytest

from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.editing.request import EditRequest, MaskRequest
from soundini.jobs.begin import is_same_edit


def _request(*settings):
    return EditRequest(
        video=Path("in.mp4"),
        sound="self",
        output=Path("out.mp4"),
        mask=MaskRequest(whole_frame=True),
        recipe=override(Recipe(), settings),
    )


@pytest.mark.parametrize(
    ("asked", "recorded", "same"),
    [
        (["compute.chunk=auto"], ["compute.chunk=3"], True),
        (["compute.checkpoint=auto", "compute.offload=auto"], ["compute.checkpoint=true"], True),
        (["compute.chunk=2"], ["compute.chunk=3"], False),
        (["compute.chunk=auto", "seed=1"], ["compute.chunk=3"], False),
        (["compute.chunk=auto", "compute.memory=1GB"], ["compute.chunk=3"], True),
    ],
)
def test_what_was_chosen_stands_for_auto(asked, recorded, same):
    assert is_same_edit(_request(*asked), _request(*recorded)) == same
