"""A small data folder: coloured noise and tones under the labels of the embedded models."""

import csv

import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.training.classes import SOUND_CLASS


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Coloured noise under a few labels."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows = []
    for number in range(40):
        label = ("fire", "generic", "sea", "underwater")[number % 4]
        name = f"{number}.png"
        tint = np.array([(1, 0.3, 0), (0.5, 0.5, 0.5), (0.2, 0.6, 0.8), (0, 0.2, 1)][number % 4])
        picture = (rng.integers(100, 255, (70, 80, 1)) * tint).astype(np.uint8)
        Image.fromarray(picture).save(folder / name)
        rows.append({"path": name, "label": label})
    with (folder / "images.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "label"])
        writer.writeheader()
        writer.writerows(rows)
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
