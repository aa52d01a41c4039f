"""The verdict that an edit follows its sound."""

import numpy as np
import pytest

import media_factory as make

from .conftest import ME, QUICK, wait


def summary(service, form_for, folder, level, frames=24):
    """Of an edit by a noise whose level is a function of the time, 0 to 1."""
    times = np.linspace(0, 1, 48_000)
    noise = np.random.default_rng(0).uniform(-0.6, 0.6, 48_000) * level(times)
    path = make.write_sound(folder / "noise.wav", noise[None].astype(np.float32))
    with path.open("rb") as stream:
        sound = service.add_file(ME, "sound", stream, path.name).id
    form = form_for(service, settings=QUICK, end=str(frames))
    return wait(service, ME, service.submit(ME, form.model_copy(update={"sound": sound}))).summary


def test_an_edit_by_a_sound_that_swells_follows_it(service, form_for, tmp_path):
    assert summary(service, form_for, tmp_path, lambda t: t**2).follows > 0.6


@pytest.mark.parametrize(("level", "frames"), [(np.ones_like, 24), (lambda t: t**2, 8)])
def test_of_an_even_sound_and_of_few_frames_nothing_is_said(
    service, form_for, tmp_path, level, frames
):
    told = summary(service, form_for, tmp_path, level, frames)
    assert told.frames == frames
    assert told.follows is None
