"""Measure whole edits: seconds and peak memory of the real command, written to docs/bench.md.

    python bench/edit.py [--short 24] [--long 240] [--output docs/bench.md]

The clip is made here (a drifting texture, seeded), so the figures can be taken anywhere.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from measuring import run_measured, write_clip

ROI = "149,56,128,128"


@dataclass(frozen=True)
class Figure:
    """One measured run."""

    frames: int
    seconds: float
    peak_gb: float


def measure(clip: Path, frames: int, output: Path) -> Figure:
    """Run ``soundini edit`` and read the operating system's own account of it."""
    command = [sys.executable, "-m", "soundini", "edit", str(clip), "--sound", "self"]
    command += ["--box", ROI, "-o", str(output), "--preset", "fast"]
    usage = run_measured(command)
    return Figure(frames, usage.seconds, usage.peak_gb)


def report(figures: list[Figure]) -> str:
    """The page."""
    rows = "\n".join(
        f"| {f.frames} | {f.seconds:.1f} | {f.seconds / f.frames:.2f} | {f.peak_gb:.2f} |"
        for f in figures
    )
    growth = figures[-1].peak_gb / figures[0].peak_gb - 1
    return f"""# What an edit costs

Written by `make bench` (`python bench/edit.py`): `soundini edit` as a whole process, start-up, reading and writing
included, preset `fast`, embedded models, 426x240 frames, a region of 128x128 pixels.

Machine: {os.cpu_count()} cores, {platform.machine()}, torch {torch.__version__}, {torch.get_num_threads()} threads.

| frames | seconds | seconds a frame | peak memory, GiB |
|---:|---:|---:|---:|
{rows}

Peak memory from {figures[0].frames} to {figures[-1].frames} frames: {growth:+.1%}.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", type=int, default=24)
    parser.add_argument("--long", type=int, default=240)
    parser.add_argument("--output", type=Path, default=Path("docs/bench.md"))
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for frames in (options.short, options.long):
            clip = Path(folder) / f"{frames}.mp4"
            write_clip(clip, frames)
            figures.append(measure(clip, frames, Path(folder) / f"out{frames}.mp4"))
            print(figures[-1], flush=True)
    options.output.write_text(report(figures))


if __name__ == "__main__":
    main()
