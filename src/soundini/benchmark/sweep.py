"""Coherence against motion: the curve of a sweep."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from soundini.benchmark.jobs import Result
from soundini.benchmark.summary import mean_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
