"""A small data folder: coloured noise and tones under the labels of the embedded models."""

import pytest

import media_factory as make
from soundini.training.classes import SOUND_CLASS

TINTS = {
    "fire": (1, 0.3, 0),
    "generic": (0.5, 0.5, 0.5),
    "sea": (0.2, 0.6, 0.8),
    "underwater": (0, 0.2, 1),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Coloured noise under a few labels."""
    folder = tmp_path_factory.mktemp("data")
    make.write_pictures(folder, TINTS, 40, "{}.png")
    return folder


@pytest.fixture(scope="module")
def sounds(data):
    """A tone for each of a few labels, listed beside the pictures."""
    rows = []
    for number, label in enumerate(sorted(SOUND_CLASS)):
        name = f"{label}.wav"
        make.write_sound(data / name, make.tone(2.5, 150 * (number + 1)))
        rows.append(f"{name},{label}")
    (data / "sounds.csv").write_text("\n".join(["path,label", *rows]) + "\n")
    return data
