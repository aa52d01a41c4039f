"""From the jobs of a benchmark to one line for each variant."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from soundini.benchmark.jobs import Result
from soundini.media.output import PartialFile
from soundini.metrics.statistics import bootstrap_interval


@dataclass(frozen=True)
class Column:
    """A figure that variants are compared by.

    Args:
        key: its name in :meth:`soundini.benchmark.jobs.Result.row`.
        title: its name in tables.
        digits: after the point.
        better: 1 where more is better, -1 where less is, 0 where neither.
    """

    key: str
    title: str
    digits: int
    better: int


COLUMNS = (
    Column("judge_rise", "rise of the judge's probability", 2, 1),
    Column("judge_after", "judge's probability", 2, 1),
    Column("warp_edited", "warp error, region", 4, -1),
    Column("warp_edited_frame", "warp error, frame", 4, -1),
    Column("motion", "moves on its own, %", 2, 0),
    Column("neighbours", "neighbours alike", 4, 1),
    Column("psnr_outside", "PSNR outside, dB", 1, 1),
    Column("ssim_outside", "SSIM outside", 4, 1),
    Column("lpips_outside", "LPIPS outside", 4, -1),
    Column("imagenet_outside", "ImageNet distance outside", 4, -1),
    Column("follows_loudness", "follows loudness", 2, 1),
    Column("peaks_align", "peaks align", 2, 1),
    Column("follows_turn", "follows the turn", 2, 1),
    Column("seam", "seam", 2, 0),
    Column("seconds", "seconds a job", 1, -1),
    Column("evaluations", "evaluations a frame", 1, 0),
    Column("memory", "peak memory, GiB", 2, -1),
    Column("device_memory", "peak memory of tensors on the device, GiB", 2, -1),
)


@dataclass(frozen=True)
class Cell:
    """A mean over jobs, with its 95 % bootstrap interval.

    Args:
        mean: None where no job has the figure.
        best: whether no other variant's mean is better, and some is worse.
        text: mean and interval as a table shows them.
    """

    mean: float | None
    best: bool = False
    text: str = "none"


@dataclass(frozen=True)
class Summary:
    """Variants and what they came to.

    Args:
        titles: of the columns of which some variant has a figure.
        rows: variant -> a cell for each title.
    """

    titles: list[str]
    rows: dict[str, list[Cell]]


def summarise(results: Sequence[Result]) -> Summary:
    """Every variant's means over its jobs.

    Infinite values (nothing differs) and missing ones are left out of a mean.
    """
    rows = [result.row() for result in results]
    variants = list(dict.fromkeys(result.variant for result in results))
    table: dict[str, list[Cell]] = {variant: [] for variant in variants}
    titles: list[str] = []
    for column in COLUMNS:
        cells = [
            _cell([row[column.key] for row in rows if row["variant"] == variant], column)
            for variant in variants
        ]
        means = [cell.mean for cell in cells if cell.mean is not None]
        if not means:
            continue
        titles.append(column.title)
        top = max(column.better * mean for mean in means)
        for variant, cell in zip(variants, cells, strict=True):
            wins = column.better != 0 and cell.mean is not None and column.better * cell.mean == top
            table[variant].append(replace(cell, best=wins and len(set(means)) > 1))
    return Summary(titles, table)


def mean_of(results: Sequence[Result], key: str, variant: str | None = None) -> float | None:
    """Mean of one figure over the jobs that have it, of a variant or of all; None where no job has it.

    Args:
        results: of the jobs.
        key: its name in :meth:`soundini.benchmark.jobs.Result.row`.
        variant: None for all.
    """
    rows = [result.row() for result in results if variant in (None, result.variant)]
    known = _known([row[key] for row in rows])
    return sum(known) / len(known) if known else None


def _known(values: Sequence[object]) -> list[float]:
    return [float(v) for v in values if isinstance(v, int | float) and math.isfinite(v)]


def _cell(values: Sequence[object], column: Column) -> Cell:
    known = _known(values)
    if not known:
        return Cell(None)
    low, high = bootstrap_interval(known)
    mean = sum(known) / len(known)
    shown = [f"{value:.{column.digits}f}" for value in (mean, low, high)]
    text = shown[0] if shown[1] == shown[2] else f"{shown[0]} ({shown[1]} to {shown[2]})"
    return Cell(mean, text=text)


def write_csv(path: Path, results: Sequence[Result]) -> None:
    """Write a line for each of one job or more, by atomic rename."""
    rows = [result.row() for result in results]
    with PartialFile(path) as file:
        with file.partial.open("w", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        file.commit()
