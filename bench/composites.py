"""A sheet of training composites for each effect: plain crops above, composites below.

    python bench/composites.py DATA [--licences CC0 MIT] [--scenes clip.mp4 ...] [-o docs/images/composites]

DATA is a folder with images.csv. With --licences only photographs whose licence begins with one of the words are used, so that
the sheets may be published; with --scenes, plain crops come from these videos. In the first row the amount rises from 0.15
at the left to 1; below it is 1. Every second crop has a region. What an effect takes from photographs is rendered where
there are none.
"""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from PIL import Image
from tyro.conf import Positional, arg

from soundini.media.video_reader import VideoReader
from soundini.training.composites.crops import PLAIN, CompositeCrops
from soundini.training.composites.material import Photographs
from soundini.training.images import LabelledImages
from soundini.training.manifest import read_manifest

FRAMES_A_SCENE = 12


@dataclass(frozen=True)
class Sheets:
    """What is drawn, and where it goes."""

    data: Positional[Path]
    """A folder with images.csv."""
    output: Annotated[Path, arg(aliases=("-o",))] = Path("docs/images/composites")
    """Where the sheets go."""
    licences: tuple[str, ...] = ()
    """Beginnings of the licences that are allowed; all where none is named."""
    scenes: tuple[Path, ...] = ()
    """Videos that plain crops come from; photographs of the data where none is named."""
    side: int = 96
    """Of a crop, pixels."""
    columns: int = 10
    """Crops in a row."""
    rows: int = 2
    """Rows of a sheet."""
    seed: int = 1
    """Names the draws."""
    only: tuple[str, ...] = ()
    """Effects; all where none is named."""


def allowed_images(asked: Sheets, folder: Path) -> LabelledImages:
    """The photographs that may be used, listed anew in ``folder``."""
    rows = [
        {"path": str((asked.data / row["path"]).resolve()), "label": row["label"]}
        for row in read_manifest(asked.data / "images.csv")
        if not asked.licences or row.get("licence", "").startswith(asked.licences)
    ]
    if asked.scenes:
        rows = [row for row in rows if row["label"] not in PLAIN]
        for number, scene in enumerate(asked.scenes):
            with VideoReader(scene) as reader:
                frames = [frame.rgb for frame in reader.frames(0, None)]
            for i in np.linspace(0, len(frames) - 1, FRAMES_A_SCENE).astype(int):
                path = folder / f"scene{number}x{i}x.png"
                Image.fromarray(frames[i]).save(path)
                rows.append({"path": str(path), "label": "generic"})
    with (folder / "images.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "label"])
        writer.writeheader()
        writer.writerows(rows)
    return LabelledImages(folder)


def main() -> None:
    asked = tyro.cli(Sheets, description=__doc__)
    with tempfile.TemporaryDirectory() as folder:
        crops = CompositeCrops(Photographs(allowed_images(asked, Path(folder))))
    asked.output.mkdir(parents=True, exist_ok=True)
    for effect in asked.only or tuple(e for e in crops.effects if e != "none"):
        rng = np.random.default_rng((asked.seed, *effect.encode()))
        rows = []
        for row in range(asked.rows):
            amounts = np.linspace(0.15, 1, asked.columns) if row == 0 else np.ones(asked.columns)
            made = [
                crops.composite(effect, float(amount), asked.side, rng, whole=i % 2 == 0)
                for i, amount in enumerate(amounts)
            ]
            rows += [np.concatenate([each.source for each in made], 1)]
            rows += [np.concatenate([each.target for each in made], 1)]
        sheet = (np.concatenate(rows, 0) * 255).round().astype(np.uint8)
        Image.fromarray(sheet).save(asked.output / f"{effect}.webp", quality=85)
        print(asked.output / f"{effect}.webp")


if __name__ == "__main__":
    main()
