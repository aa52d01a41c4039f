"""Make the pictures of docs/settings.md: what single settings do to one edit, all else being equal.

    python bench/settings_pictures.py CLIP SOUNDS [--only lambda_flow ...] [--output docs/images/settings]

CLIP and SOUNDS are those of contact_sheets.py, and so are the rules by which sounds are chosen. Every sheet has a row for the
source and one for each value; the last column is one column of the picture through time, in which what flickers is ragged.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from contact_sheets import RATE, choose_sound, read_clip
from PIL import Image, ImageDraw

from soundini import Recipe, SoundEditor, load_preset
from soundini.config.presets import override
from soundini.masks.shapes import shape_mask
from soundini.media.sound import Sound
from soundini.media.sound_fit import fit_sound

HEIGHT = 150
SHOWN = 4
LABEL = 32
STEADY = "sound.envelope=off"
FROM_NOISE = ("sampling.draft=0", "sampling.steps=8")
"""Without a draft, beside which some settings would hardly show."""
UNCONDITIONED = (*FROM_NOISE, "sampling.condition=0", "guidance.strength=0.05")
OPEN = "guidance.blend_background=false"


@dataclass(frozen=True)
class Row:
    """An edit: what it is called, its preset and what it sets."""

    label: str
    settings: tuple[str, ...] = ()
    preset: str = "fast"

    @property
    def recipe(self) -> Recipe:
        return override(load_preset(self.preset), [STEADY, *self.settings])


@dataclass(frozen=True)
class Sheet:
    """Edits that are shown below each other, by the fire or by the fire that turns into rain."""

    rows: tuple[Row, ...]
    turning: bool = False


def of(setting: str, *values: object, also: tuple[str, ...] = (), turning: bool = False) -> Sheet:
    """A sheet of a setting's values."""
    name = setting.rsplit(".", 1)[-1]
    rows = (Row(f"{name}={value}", (f"{setting}={value}", *also)) for value in values)
    return Sheet(tuple(rows), turning)


SHEETS = {
    "presets": Sheet(
        (
            Row("fast"),
            Row("quality", preset="quality"),
            Row("paper, at 128 pixels", ("region.size=128",), "paper"),
        )
    ),
    "strength": of("guidance.strength", 0, 0.003, 0.02, 0.1, also=FROM_NOISE),
    "condition": of("sampling.condition", 0, 0.5, 1, 1.5, 2),
    "see": of("sampling.see", "false", "true"),
    "draft": of("sampling.draft", 0, 0.3, 0.45, 0.8),
    "start": of("sampling.start", 0.5, 0.75, 0.98, also=FROM_NOISE),
    "lambda_sound": of("guidance.lambda_sound", 0, 1, 10, also=UNCONDITIONED),
    "lambda_directional": of(
        "guidance.lambda_directional", 0, 0.01, 1, also=FROM_NOISE, turning=True
    ),
    "lambda_flow": of("guidance.lambda_flow", 0, 20, 80, also=FROM_NOISE),
    "lambda_background": of("guidance.lambda_background", 0, 1, 10, also=(*FROM_NOISE, OPEN)),
    "lambda_range": of("guidance.lambda_range", 0, 2, 200, also=UNCONDITIONED),
    "noise": of("sampling.noise", "shared", "independent", "warped", "evolving", also=FROM_NOISE),
    "smooth": of("guidance.smooth", 0, 14, also=FROM_NOISE),
    "settle": of("guidance.settle", 0, 2, 8, also=FROM_NOISE),
    "feather": of("region.feather", 0, 0.1, 0.4),
}


def strip(label: str, frames: np.ndarray, crop: tuple[int, int, int, int]) -> Image.Image:
    """A row below its label: frames spread over the clip, and the middle column through time."""
    x, y, width, height = crop
    seen = frames[:, y : y + height, x : x + width]
    chosen = np.linspace(0, len(seen) - 1, SHOWN).round().astype(int)
    through = np.ascontiguousarray(seen[:, :, width // 2].transpose(1, 0, 2))
    size = round(HEIGHT * width / height), HEIGHT
    parts = [Image.fromarray(seen[i]).resize(size, Image.Resampling.LANCZOS) for i in chosen]
    parts.append(Image.fromarray(through).resize(size, Image.Resampling.NEAREST))
    picture = Image.new("RGB", (len(parts) * (size[0] + 4) - 4, HEIGHT + LABEL), "white")
    ImageDraw.Draw(picture).text((2, 2), label, fill="black", font_size=LABEL - 10)
    for i, part in enumerate(parts):
        picture.paste(part, (i * (size[0] + 4), LABEL))
    return picture


def around(mask: np.ndarray, margin: float = 0.3) -> tuple[int, int, int, int]:
    """The box round a mask with a margin, within the frame: x, y, width, height."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, left = rows[0], columns[0]
    more_y, more_x = round(margin * len(rows)), round(margin * len(columns))
    y, x = max(0, top - more_y), max(0, left - more_x)
    bottom = min(mask.shape[0], rows[-1] + 1 + more_y)
    right = min(mask.shape[1], columns[-1] + 1 + more_x)
    return int(x), int(y), int(right - x), int(bottom - y)


def turned(fire: Sound, rain: Sound, seconds: float) -> Sound:
    """The first half of one sound, the second of another."""
    half = round(seconds / 2 * RATE)
    first = fit_sound(fire, seconds).samples[:, :half]
    return Sound(np.concatenate([first, rain.samples[:, half : 2 * half]], 1), RATE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("--only", nargs="*", choices=SHEETS, default=list(SHEETS))
    parser.add_argument("--ellipse", default="0.5,0.6,0.25,0.25")
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--every", type=int, default=8, help="take every so many frames")
    parser.add_argument("--output", type=Path, default=Path("docs/images/settings"))
    options = parser.parse_args()
    editor = SoundEditor.from_pretrained("embedded")
    frames, rate = read_clip(options.clip, options.frames, options.every)
    seconds = len(frames) / rate
    mask = shape_mask("ellipse", options.ellipse, (frames.shape[1], frames.shape[2]))
    crop = around(mask > 0)
    fire, rain = (choose_sound(options.sounds, label, seconds) for label in ("fire", "rain"))
    turning = turned(fire, rain, seconds)
    options.output.mkdir(parents=True, exist_ok=True)
    done: dict[tuple[Recipe, bool], np.ndarray] = {}
    for name in options.only:
        sheet = SHEETS[name]
        strips = [strip("source", frames, crop)]
        sound = turning if sheet.turning else fire
        for row in sheet.rows:
            key = row.recipe, sheet.turning
            if key not in done:
                result = editor(frames, sound, mask=mask, frame_rate=rate, recipe=row.recipe)
                done[key] = result.frames
            strips.append(strip(row.label, done[key], crop))
        picture = Image.new("RGB", (strips[0].width, sum(s.height for s in strips)), "white")
        for i, part in enumerate(strips):
            picture.paste(part, (0, i * part.height))
        path = options.output / f"{name}.webp"
        picture.save(path, quality=80, method=6)
        print(path, flush=True)


if __name__ == "__main__":
    main()
