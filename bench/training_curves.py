"""Draw the losses of finished trainings.

    python bench/training_curves.py NAME=RUN [NAME=RUN ...] [-o docs/images/training_curves.png]

RUN is the folder of a run of `soundini train`, with its log.csv; several runs of one thing are joined by commas. Needs the
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN[,RUN]")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("docs/images/training_curves.png")
    )
    given = parser.parse_args()
    figure, axes = plt.subplots(
        1, len(given.runs), figsize=(4.2 * len(given.runs), 3), squeeze=False, layout="constrained"
    )
    for axis, run in zip(axes[0], given.runs, strict=True):
        name, _, folders = run.partition("=")
        for column, values in read_runs([Path(folder) for folder in folders.split(",")]).items():
            axis.plot(*running_mean(values), label=column)
        axis.set(title=name, xlabel="step", yscale="log")
        axis.legend(fontsize=8)
    figure.savefig(given.output, dpi=110)


if __name__ == "__main__":
    main()
