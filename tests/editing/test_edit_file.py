"""What Python is told by `edit_file`: real arguments, and one line for each that is wrong."""

import inspect
import json

import numpy as np
import pytest

import media_factory as make
from soundini import Recipe, SoundiniError, edit_file, load_preset

SMALL = load_preset("fast").replace(sampling__steps=2, region__size=32)


@pytest.fixture
def files(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.6, 0.6, (1, 24_000)).astype(np.float32)
    video = make.write_video(tmp_path / "in.mp4", 6)
    return video, make.write_sound(tmp_path / "noise.wav", noise), tmp_path / "out.mp4"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"maskk": "m.png"}, "maskk.*there is mask"),
        ({"box": (1, "a", 2, 3)}, "box is .*it takes"),
        ({"box": (1, 2, 3)}, "is no box"),
        ({"start": [1]}, r"start is \[1\]"),
        ({"start": -1}, "'-1' is neither"),
        ({"start": float("nan")}, "'nans' is neither"),
        ({"seed": "many"}, "seed is 'many'"),
        ({"seed": -1}, "seed: "),
        ({"strength": -1.0}, "guidance.strength: "),
        ({"preset": "fasst"}, "the nearest is fast"),
        ({"preset": "fast", "recipe": Recipe()}, "give one of them"),
        ({"recipe": "fast"}, "recipe is 'fast'; it takes Recipe"),
        ({"mask": {"first": "m.png"}}, "mask is "),
    ],
)
def test_what_is_wrong_is_said_in_one_line(files, arguments, words):
    where = {} if {"box", "mask"} & arguments.keys() else {"whole_frame": True}
    with pytest.raises(SoundiniError, match=words) as error:
        edit_file(*files, models="debug", **where, **arguments)
    assert "\n" not in str(error.value)


def test_a_missing_argument_is_said_in_one_line(files):
    with pytest.raises(SoundiniError, match="'sound'"):
        edit_file(files[0])


def test_numbers_are_frames_and_seconds(files):
    record = edit_file(
        *files,
        box=(24, 12, 40, 40),
        start=2 / 24,
        end=5,
        seed=3,
        strength=0.02,
        recipe=SMALL,
        models="debug",
    )
    content = json.loads(record.read_text())
    assert content["output"]["frames"] == 3
    assert content["request"]["recipe"]["seed"] == 3
    assert content["request"]["recipe"]["guidance"]["strength"] == 0.02


def test_the_signature_shows_every_argument():
    parameters = inspect.signature(edit_file).parameters.values()
    assert not any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)
    assert all(p.annotation for p in parameters)
