"""What a benchmark's jobs look like: strips of frames, loudness over change, and a sweep's coherence against motion."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from soundini.benchmark.jobs import EDITED, Job, Result
from soundini.benchmark.summary import mean_of
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


@dataclass(frozen=True)
class SweepPoint:
    """Where one value of a setting lies, means over the jobs.

    Args:
        value: of the setting.
        motion: how much the edit moves on its own, percent of the frame's shorter side a frame.
        error: warp error in the region.
    """

    value: float
    motion: float
    error: float


@dataclass(frozen=True)
class SweepCurve:
    """A sweep's points in order, and the source's warp error, which no edit that moves with it falls below.

    Args:
        setting: its name.
        points: at least one.
        source: warp error of the source in the region.
    """

    setting: str
    points: list[SweepPoint]
    source: float


def sweep_curve(
    setting: str, values: Sequence[tuple[float, str]], results: Sequence[Result]
) -> SweepCurve | None:
    """The curve of what is done; None where no point has figures.

    Args:
        setting: its name.
        values: every value, with the variant that has it.
        results: of the jobs that are done.
    """
    points = []
    for value, variant in values:
        motion, error = (mean_of(results, k, variant) for k in ("motion", "warp_edited"))
        if motion is not None and error is not None:
            points.append(SweepPoint(value, motion, error))
    source = mean_of(results, "warp_source")
    return SweepCurve(setting, points, source) if points and source is not None else None


def sweep_figure(curve: SweepCurve) -> Figure:
    """Draw warp error over motion, each point with its value; both in powers of ten, unless something is 0."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.6), layout="constrained")
    axes = figure.subplots()
    motions, errors = [p.motion for p in curve.points], [p.error for p in curve.points]
    axes.axhline(curve.source, color="grey", linestyle="dotted", label="source")
    axes.plot(motions, errors, marker="o", label=curve.setting)
    for number, point in enumerate(curve.points):
        above = number % 2 == 0  # neighbours may lie close
        axes.annotate(
            f"{point.value:g}",
            (point.motion, point.error),
            xytext=(0, 7 if above else -7),
            textcoords="offset points",
            horizontalalignment="center",
            verticalalignment="bottom" if above else "top",
        )
    axes.margins(0.15)
    axes.set(
        xlabel="moves on its own, % of the frame's shorter side a frame",
        ylabel="warp error, region",
    )
    if min(*motions, *errors, curve.source) > 0:
        axes.set(xscale="log", yscale="log")
    else:
        axes.set(ylim=(0, None))
    axes.legend(fontsize="small")
    return figure


def png_of(figure: Figure) -> bytes:
    """A figure as PNG."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return out.getvalue()
