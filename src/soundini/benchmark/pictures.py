"""What a benchmark's jobs look like: strips of frames, and loudness over change."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from soundini.benchmark.jobs import EDITED, Job, Result
from soundini.editing.masking import make_masks
from soundini.evaluation.shown import small, spread_frames
from soundini.masks.preview import overlay
from soundini.media.video_reader import VideoReader

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def strip_rows(job: Job, results: Sequence[Result]) -> list[tuple[str, list[np.ndarray]]]:
    """The source with its region marked, then every variant: a label and some frames each, of one height.

    Args:
        job: any of the jobs on that clip.
        results: those of one clip and sound.
    """
    chosen = shown_frames(job)
    frames, masks = source_frames(job)
    marked = [overlay(frames[0], masks[0]), *(frames[number] for number in chosen[1:])]
    rows = [("source", marked)]
    for result in results:
        edited = edited_frames(result.folder)
        rows.append((result.variant.replace("-", "-\n"), [edited[number] for number in chosen]))
    return [(label, [small(frame) for frame in pictures]) for label, pictures in rows]


def loudness_plot(results: Sequence[Result]) -> str:
    """Loudness over the frames, and the change in the region of every variant, as an SVG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 1.8), layout="constrained")
    axes = figure.subplots()
    axes.plot(results[0].measures.loudness, color="black", linestyle="dotted", label="loudness")
    axes.set(xlabel="frame", ylabel="loudness", ylim=(0, 1.05))
    changes = axes.twinx()
    for result in results:
        changes.plot(result.measures.change, label=f"change, {result.variant}")
    changes.set(ylabel="change", ylim=(0, None))
    figure.legend(fontsize="x-small", loc="outside right center")
    return svg_of(figure)


def svg_of(figure: Figure) -> str:
    """A figure as SVG to be put into a page; the same bytes every time."""
    from matplotlib import rc_context

    out = io.StringIO()
    with rc_context({"svg.hashsalt": "soundini"}):  # else every report has other names inside
        figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def shown_frames(job: Job) -> list[int]:
    """Numbers of the frames that are looked at, each once."""
    return list(dict.fromkeys(spread_frames(int(job.request.end or 0))))


def source_frames(job: Job) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The part of the source that was edited, and its masks: ``uint8 [H, W, 3]`` and float32 ``[H, W]`` each."""
    with VideoReader(job.request.video) as reader:
        frames = [frame.rgb for frame in reader.frames(0, int(job.request.end or 0))]
        region = job.request.recipe.region
        masks = list(make_masks(job.request.mask, region, reader.info, iter(frames)))
    return frames, masks


def edited_frames(folder: Path) -> list[np.ndarray]:
    """The frames of a job's edit: ``uint8 [H, W, 3]`` each."""
    with VideoReader(folder / EDITED) as reader:
        return [frame.rgb for frame in reader.frames()]
