"""What a benchmark's jobs look like: strips of frames, and loudness over change."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from soundini.benchmark.frames import edited_frames, shown_frames, source_frames
from soundini.benchmark.jobs import Job, Result
from soundini.evaluation.shown import small
from soundini.masks.preview import overlay

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
