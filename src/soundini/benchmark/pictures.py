"""What a benchmark's jobs look like: strips of frames, and loudness over change."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from soundini.benchmark.jobs import EDITED, Job, Result
from soundini.editing.masking import make_masks
from soundini.evaluation.shown import SHOWN, small
from soundini.masks.preview import overlay
from soundini.media.video_reader import VideoReader


def strip_rows(job: Job, results: Sequence[Result]) -> list[tuple[str, list[np.ndarray]]]:
    """The source with its region marked, then every variant: a label and some frames each, of one height.

    Args:
        job: any of the jobs on that clip.
        results: those of one clip and sound.
    """
    count = int(job.request.end or 0)
    chosen = sorted({round(k * (count - 1) / (SHOWN - 1)) for k in range(SHOWN)})
    rows = [("source", _source(job, chosen, count))]
    for result in results:
        with VideoReader(result.folder / EDITED) as reader:
            frames = [frame.rgb for frame in reader.frames() if frame.index in chosen]
        rows.append((result.variant.replace("-", "-\n"), frames))
    return [(label, [small(frame) for frame in frames]) for label, frames in rows]


def _source(job: Job, chosen: Sequence[int], count: int) -> list[np.ndarray]:
    region = job.request.recipe.region
    with VideoReader(job.request.video) as reader:
        frames = [frame.rgb for frame in reader.frames(0, count)]
        masks = make_masks(job.request.mask, region, reader.info, iter(frames))
        first = next(iter(masks))
    return [overlay(frames[0], first), *(frames[number] for number in chosen[1:])]


def loudness_plot(results: Sequence[Result]) -> str:
    """Loudness over the frames, and the change in the region of every variant, as an SVG."""
    from matplotlib import rc_context
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
    out = io.StringIO()
    with rc_context({"svg.hashsalt": "soundini"}):  # else every report has other names inside
        figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
