"""Draw the losses of finished trainings.

    python bench/training_curves.py NAME=RUN [NAME=RUN ...] [-o docs/images/training_curves.png]

RUN is the folder of a run of `soundini train`, with its log.csv; several runs of one thing are joined by commas. Where a run
has held_out.csv, its losses on held-out material are drawn beside them, by class, as a mean over noise levels. Needs the
extra [train].
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt

LEFT_OUT = ("step", "grad_norm")
SHARE = 0.05
"""Of a run's steps: the width of the running mean that is drawn."""


def read_runs(folders: list[Path]) -> dict[str, np.ndarray]:
    """Every column of the logs, end to end."""
    rows = [row for folder in folders for row in csv.DictReader((folder / "log.csv").open())]
    names = [name for name in rows[0] if name not in LEFT_OUT]
    return {name: np.array([float(row[name]) for row in rows]) for name in names}


def running_mean(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps and the mean of the steps around each."""
    width = max(1, round(SHARE * len(values)))
    mean = np.convolve(values, np.full(width, 1 / width), mode="valid")
    return np.arange(len(mean)) + (width + 1) / 2, mean


def read_held_out(folders: list[Path]) -> dict[str, list[tuple[int, float]]]:
    """Step and loss by class; several noise levels are averaged."""
    found: dict[str, dict[int, list[float]]] = {}
    for path in (folder / "held_out.csv" for folder in folders):
        for row in csv.DictReader(path.open()) if path.exists() else ():
            by_step = found.setdefault(row["class"], {})
            by_step.setdefault(int(row["step"]), []).append(float(row["loss"]))
    return {
        kind: [(step, float(np.mean(losses))) for step, losses in sorted(by_step.items())]
        for kind, by_step in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN[,RUN]")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("docs/images/training_curves.png")
    )
    given = parser.parse_args()
    panels = []
    for run in given.runs:
        name, _, names = run.partition("=")
        folders = [Path(folder) for folder in names.split(",")]
        logs = {k: running_mean(v) for k, v in read_runs(folders).items()}
        panels.append((name, logs))
        held_out = {k: tuple(zip(*v, strict=True)) for k, v in read_held_out(folders).items()}
        if held_out:
            panels.append((f"{name}, held out", held_out))
    figure, axes = plt.subplots(
        1, len(panels), figsize=(4.2 * len(panels), 3), squeeze=False, layout="constrained"
    )
    for axis, (name, lines) in zip(axes[0], panels, strict=True):
        for label, (steps, values) in lines.items():
            axis.plot(steps, values, label=label)
        axis.set(title=name, xlabel="step", yscale="log")
        axis.legend(fontsize=6)
    figure.savefig(given.output, dpi=110)


if __name__ == "__main__":
    main()
