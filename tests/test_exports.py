import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import media_factory as make
import soundini

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
PUBLIC = [name for name in soundini.__all__ if not name.startswith("_")]


def test_names_are_sorted_documented_and_shown_by_completion():
    assert sorted(soundini.__all__) == soundini.__all__ == dir(soundini)
    for name in PUBLIC:
        assert getattr(soundini, name).__doc__, name


def test_the_page_shows_every_public_name_and_no_other():
    shown = re.findall(r"^::: soundini\.(\w+)$", PAGE.read_text(), re.MULTILINE)
    assert sorted(set(shown) - {"events"}) == PUBLIC


@pytest.mark.parametrize("name", ["Recipe", "SoundEditor", "edit_file"])
def test_examples_do_what_they_say(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make.write_video(Path("street.mp4"), 6)
    noise = np.random.default_rng(0).uniform(-0.6, 0.6, (1, 24_000)).astype(np.float32)
    make.write_sound(Path("fire.wav"), noise)
    subject = getattr(soundini, name)
    examples = doctest.DocTestFinder(recurse=True).find(subject, name, globs={})
    if name == "Recipe":  # its method is inherited
        examples = doctest.DocTestFinder().find(subject.replace, name, globs={})
    assert any(example.examples for example in examples)
    for example in examples:
        assert doctest.DocTestRunner().run(example).failed == 0
