"""Draw the sheets of README and gallery: masks that suit their sounds, one that does not, how an effect moves, and ten places
under every sound.

    python bench/looks.py CLIPS SOUNDS [-o docs/images]

CLIPS is a folder with the clips that CASES names, all of which may be shown; SOUNDS one with ``sounds.csv``. The sound of a case
is the first recording of its label that is long enough; what it is, is said (``sound.heard_as``). Cases were chosen before any
of them was seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from contact_sheets import choose_sound, read_clip
from PIL import Image, ImageDraw, ImageOps
from tyro.conf import Positional, arg

from soundini import SoundEditor, load_preset
from soundini.config.presets import override
from soundini.masks.preview import overlay
from soundini.masks.shapes import shape_mask
from soundini.training.classes import SOUND_CLASS

FRAMES, HEIGHT, LABEL, COLUMN = 14, 190, 18, 300
WHOLE = "0.0,0.0,1.0,1.0"


@dataclass(frozen=True)
class Case:
    """An edit: which clip, where, by what."""

    says: str
    clip: str
    shape: str
    numbers: str
    label: str
    heard_as: str


CASES = (
    Case("rain, whole frame", "palmtrees.mp4", "box", WHOLE, "rain", "rain"),
    Case("fire, on the ground", "palmtrees.mp4", "box", "0,0.6,1,0.4", "fire", "fire"),
    Case("storm, in the sky", "cherries.mp4", "box", "0,0,1,0.5", "thunderstorm", "thunderstorm"),
    Case("snow, whole frame", "cherries.mp4", "box", WHOLE, "snow", "snow_wind"),
    Case(
        "deep, round an animal",
        "mallard_water.mp4",
        "box",
        WHOLE,
        "underwater_bubbles",
        "underwater",
    ),
    Case(
        "river, on a passage",
        "sam2_gallery_0.mp4",
        "box",
        "0,0.6,1,0.4",
        "river_waterfall",
        "river",
    ),
    Case(
        "does not suit: rain in a disc",
        "sam2_gallery_1.mp4",
        "ellipse",
        "0.5,0.5,0.2,0.3",
        "rain",
        "rain",
    ),
)

PLACES = (
    ("palmtrees.mp4", "box", WHOLE),
    ("palmtrees.mp4", "box", "0,0.6,1,0.4"),
    ("cherries.mp4", "box", "0,0,1,0.5"),
    ("cherries.mp4", "box", WHOLE),
    ("mallard_water.mp4", "box", WHOLE),
    ("mallard_water.mp4", "ellipse", "0.5,0.5,0.38,0.36"),
    ("sam2_gallery_0.mp4", "box", "0.5,0.2,0.45,0.75"),
    ("sam2_gallery_1.mp4", "ellipse", "0.5,0.55,0.28,0.42"),
    ("river_rapids.mp4", "box", WHOLE),
    ("campfire_pot.mp4", "box", "0,0,1,0.5"),
)
"""Clip, shape and its numbers: each is edited by every sound, whether they suit each other or not."""

SOUNDS = {label: name for label, name in SOUND_CLASS.items() if label not in ("wind", "other")}
"""Label of each sound, and the class that it is."""


@dataclass(frozen=True)
class Looks:
    """Where things are."""

    clips: Positional[Path]
    sounds: Positional[Path]
    output: Annotated[Path, arg(aliases=("-o",))] = Path("docs/images")


def edit(
    editor: SoundEditor, case: Case, asked: Looks, count: int = FRAMES
) -> tuple[np.ndarray, ...]:
    """Source, edit and mask of a case."""
    frames, rate = read_clip(asked.clips / case.clip, count, 1)
    mask = shape_mask(case.shape, case.numbers, (frames.shape[1], frames.shape[2]))
    sound = choose_sound(asked.sounds, case.label, FRAMES / rate)
    settings = ["sound.envelope=off", f"sound.heard_as={case.heard_as}"]
    recipe = override(load_preset("fast"), settings)
    made = editor(frames, sound, mask=mask, frame_rate=rate, recipe=recipe)
    return frames, made.frames, mask


def small(frame: np.ndarray, width: int | None = None) -> Image.Image:
    """A frame at the height of a row; at a width it is cut to that, not squeezed."""
    picture, wide = Image.fromarray(frame), round(HEIGHT * frame.shape[1] / frame.shape[0])
    if width is None:
        return picture.resize((wide, HEIGHT), Image.Resampling.LANCZOS)
    return ImageOps.fit(picture, (width, HEIGHT), Image.Resampling.LANCZOS)


def paste(
    rows: list[list[Image.Image]], labels: list[str], path: Path, most: int | None = None
) -> None:
    """Columns of pictures under their labels; the sheet is shrunk to ``most`` pixels of width."""
    widths = [picture.width + 4 for picture in rows[0]]
    sheet = Image.new("RGB", (sum(widths), LABEL + len(rows) * (HEIGHT + 4)), "white")
    draw, x = ImageDraw.Draw(sheet), 0
    for column, width in enumerate(widths):
        draw.text((x + 2, 2), labels[column], fill="black")
        for number, row in enumerate(rows):
            sheet.paste(row[column], (x, LABEL + number * (HEIGHT + 4)))
        x += width
    if most is not None:
        sheet.thumbnail((most, sheet.height), Image.Resampling.LANCZOS)
    sheet.save(path, quality=85, method=6)
    print(path, flush=True)


def every_sound(editor: SoundEditor, asked: Looks) -> None:
    """The sheet of all places by all sounds: source and region first, then the middle of three frames under each."""
    rows = []
    for clip, shape, numbers in PLACES:
        row: list[Image.Image] = []
        for label, name in SOUNDS.items():
            case = Case(name, clip, shape, numbers, label, name)
            frames, edited, mask = edit(editor, case, asked, 3)
            if not row:
                row.append(small(overlay(frames[1], mask), COLUMN))
            row.append(small(edited[1], COLUMN))
        rows.append(row)
    paste(rows, ["source and region", *SOUNDS.values()], asked.output / "every_sound.webp", 1800)


def main() -> None:
    asked = tyro.cli(Looks, description=__doc__)
    editor = SoundEditor.from_pretrained("embedded")
    made = [edit(editor, case, asked) for case in CASES]
    middle = FRAMES // 2
    rows = [
        [small(overlay(frames[middle], mask)) for frames, _, mask in made],
        [small(edited[middle]) for _, edited, _ in made],
    ]
    paste(rows, [case.says for case in CASES], asked.output / "readme.webp")
    chosen = range(middle, middle + 5)
    rows = [[small(made[number][1][i]) for i in chosen] for number in (0, 1)]
    paste(rows, [f"frame {i}" for i in chosen], asked.output / "motion.webp")
    every_sound(editor, asked)


if __name__ == "__main__":
    main()
