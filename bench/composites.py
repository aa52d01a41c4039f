"""A sheet of training composites for each effect: plain crops above, composites below.

    python bench/composites.py DATA [--side 96] [--columns 12] [-o docs/images/composites]

DATA is a folder with images.csv. The amount rises from 0.15 at the left to 1; every second crop has a region.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from PIL import Image
from tyro.conf import Positional, arg

from soundini.training.composites.crops import CompositeCrops, CompositeShares
from soundini.training.composites.effects import EFFECTS
from soundini.training.composites.scene import Photographs
from soundini.training.images import LabelledImages


@dataclass(frozen=True)
class Sheets:
    """What is drawn, and where it goes."""

    data: Positional[Path]
    output: Annotated[Path, arg(aliases=("-o",))] = Path("docs/images/composites")
    side: int = 96
    columns: int = 12
    rows: int = 2
    seed: int = 1
    only: tuple[str, ...] = ()


def main() -> None:
    asked = tyro.cli(Sheets, description=__doc__)
    photographs = Photographs(LabelledImages(asked.data, evenness=0.7))
    crops = CompositeCrops(photographs, CompositeShares())
    asked.output.mkdir(parents=True, exist_ok=True)
    for effect in asked.only or tuple(EFFECTS):
        rng = np.random.default_rng((asked.seed, *effect.encode()))
        rows = []
        for row in range(asked.rows):
            amounts = np.linspace(0.15, 1, asked.columns) if row == 0 else np.ones(asked.columns)
            pairs = [
                crops.composite(effect, float(amount), asked.side, rng, whole=i % 2 == 0)
                for i, amount in enumerate(amounts)
            ]
            rows += [np.concatenate([each.source for each in pairs], 1)]
            rows += [np.concatenate([each.target for each in pairs], 1)]
        sheet = (np.concatenate(rows, 0) * 255).round().astype(np.uint8)
        Image.fromarray(sheet).save(asked.output / f"{effect}.webp", quality=85)
        print(asked.output / f"{effect}.webp")


if __name__ == "__main__":
    main()
