"""An edit is known again by its record, whatever was chosen for the device."""

import pytest

from edit_requests import request
from soundini.jobs.run import is_same_edit


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
    assert is_same_edit(request(*asked), request(*recorded)) == same
