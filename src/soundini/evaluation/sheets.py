"""Contact sheets: labelled rows of pictures, as small PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from safetensors.numpy import load_file

from soundini.evaluation.edits import EditFigures
from soundini.evaluation.prior import PriorFigures, label_of
from soundini.evaluation.shown import load_shown
from soundini.media.output import PartialFile

MARGIN = 118
"""Width of the labels, pixels."""

_GAP = 3
_COLOURS = 256
_ASKED = 20_000
"""Pixels that the colours of a sheet are chosen from."""
_LINE = 13


def write_sheet(path: Path, rows: Sequence[tuple[str, Sequence[np.ndarray]]]) -> None:
    """Write labelled rows of pictures as a PNG of few colours, by atomic rename.

    Args:
        path: the file; its folder is made.
        rows: a label (its lines below each other) and pictures ``uint8 [H, W, 3]`` of one height, for each row.
    """
    heights = [pictures[0].shape[0] + _GAP for _, pictures in rows]
    width = MARGIN + max(sum(p.shape[1] + _GAP for p in pictures) for _, pictures in rows)
    sheet = Image.new("RGB", (width, sum(heights)), "white")
    draw, y = ImageDraw.Draw(sheet), 0
    for (label, pictures), height in zip(rows, heights, strict=True):
        top = y + height // 2 - _LINE * len(label.splitlines()) // 2
        draw.multiline_text((4, top), label, fill="black", spacing=1)
        x = MARGIN
        for picture in pictures:
            sheet.paste(Image.fromarray(picture), (x, y))
            x += picture.shape[1] + _GAP
        y += height
    path.parent.mkdir(parents=True, exist_ok=True)
    few = _few_colours(sheet)
    with PartialFile(path) as file:
        few.save(file.partial, "PNG", optimize=True)
        file.commit()


def _few_colours(sheet: Image.Image) -> Image.Image:
    """The sheet in few colours, chosen from some of its pixels: median cut is slow where all of them differ."""
    part = max(1.0, (sheet.width * sheet.height / _ASKED) ** 0.5)
    asked = sheet.resize(
        (round(sheet.width / part), round(sheet.height / part)), Image.Resampling.NEAREST
    )
    palette = asked.quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return sheet.quantize(palette=palette, dither=Image.Dither.NONE)


def write_sound_sheets(edits: Sequence[EditFigures], run: Path, folder: Path) -> list[Path]:
    """A sheet for each sound: every clip, its source with the region marked, and three edited frames."""
    written = []
    for sound in dict.fromkeys(edit.sound for edit in edits):
        rows = []
        for edit in edits:
            if edit.sound == sound:
                source, edited = load_shown(run / edit.shown)
                rows.append((_label(edit), [source[0], *edited[::2]]))
        written.append(folder / f"sound-{sound}.png")
        write_sheet(written[-1], rows)
    return written


def chosen_before(edits: Sequence[EditFigures]) -> list[EditFigures]:
    """Edits that were chosen before any was seen: clip k with sound k, both counted round from the first."""
    clips = list(dict.fromkeys(edit.clip for edit in edits))
    sounds = list(dict.fromkeys(edit.sound for edit in edits))
    wanted = {(clip, sounds[k % len(sounds)]) for k, clip in enumerate(clips)}
    return [edit for edit in edits if (edit.clip, edit.sound) in wanted]


def chosen_name(edit: EditFigures) -> str:
    """The name of an edit's own sheet."""
    return f"chosen-{edit.clip}-{edit.sound}"


def write_chosen_sheets(edits: Sequence[EditFigures], run: Path, folder: Path) -> list[Path]:
    """A sheet for each edit: the source above, the result below."""
    written = []
    for edit in edits:
        source, edited = load_shown(run / edit.shown)
        written.append(folder / f"{chosen_name(edit)}.png")
        write_sheet(written[-1], [(edit.clip, list(source)), (edit.sound, list(edited))])
    return written


def write_prior_sheets(
    figures: Sequence[PriorFigures], run: Path, folder: Path, *, photographs: bool
) -> list[str]:
    """A sheet of what priors draw: a column for each class, a row for each prior.

    Args:
        figures: of every prior.
        run: where their pictures are kept.
        folder: where sheets go.
        photographs: whether held-out photographs may be shown; without them the sheet has only what is drawn from nothing.

    Returns:
        Names of the sheets; none where nothing may be shown.
    """
    kept = [(figure, load_file(run / figure.shown)) for figure in figures]
    first = kept[0][1]
    rows = [("source", list(first["source"]))] if photographs else []
    rows += [
        (label_of(figure).replace(", ", ",\n"), list(pictures["drawn"]))
        for figure, pictures in kept
        if photographs or not figure.seen
    ]
    rows += [("composed", list(first["composed"]))] if photographs else []
    if not rows:
        return []
    write_sheet(folder / "prior.png", rows)
    return ["prior"]


def write_grid(edits: Sequence[EditFigures], run: Path, path: Path) -> None:
    """One sheet of all edits: a row for each clip, its source first, then its middle frame under each sound."""
    rows = []
    for clip in dict.fromkeys(edit.clip for edit in edits):
        mine = [(edit, *load_shown(run / edit.shown)) for edit in edits if edit.clip == clip]
        middle = len(mine[0][1]) // 2
        pictures = [_captioned(edited[middle], edit.sound) for edit, _, edited in mine]
        rows.append((clip, [mine[0][1][0], *pictures]))
    write_sheet(path, rows)


def _captioned(picture: np.ndarray, text: str) -> np.ndarray:
    """A picture with a word in its upper left corner."""
    image = Image.fromarray(picture)
    ImageDraw.Draw(image).text((3, 2), text, "white", stroke_width=1, stroke_fill="black")
    return np.asarray(image)


def _label(edit: EditFigures) -> str:
    before, after = np.mean(edit.before), np.mean(edit.after)
    return f"{edit.clip}\n{before:.2f} to {after:.2f}\ntaken for\n{edit.taken_for}"
