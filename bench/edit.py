"""Measure whole edits: seconds and peak memory of the real command, written to docs/bench.md.

    python bench/edit.py [--full] [--fresh] [--output docs/bench.md]

The clips are made here (a drifting texture, seeded), so the figures can be taken anywhere. --full adds two minutes of 720p,
which take more than an hour on two cores. Figures lie in build/bench-edit.jsonl as they are taken; a run that was stopped
takes only what is missing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from measuring import Notes, machine, run_measured, write_clip

FIGURES = Path("build/bench-edit.jsonl")


@dataclass(frozen=True)
class Case:
    """A clip and a square region in it."""

    frames: int
    width: int = 426
    height: int = 240
    side: int = 128

    @property
    def name(self) -> str:
        return f"{self.frames} frames, {self.width}x{self.height}, region {self.side}"

    @property
    def box(self) -> str:
        return f"{(self.width - self.side) // 2},{(self.height - self.side) // 2},{self.side},{self.side}"


SHORT, LONG = Case(24), Case(240)
FULL = Case(2 * 60 * 24, 1280, 720, 256)


def measure(case: Case) -> dict[str, Any]:
    """Run ``soundini edit`` and read the operating system's own account of it."""
    with tempfile.TemporaryDirectory() as folder:
        clip, output = Path(folder) / "clip.mp4", Path(folder) / "out.mp4"
        write_clip(clip, case.frames, case.width, case.height)
        command = [sys.executable, "-m", "soundini", "edit", str(clip), "--sound", "self"]
        command += ["--box", case.box, "-o", str(output), "--preset", "fast"]
        return {**asdict(run_measured(command)), "machine": machine()}


def report(known: dict[str, Any]) -> str:
    """The page, of all cases that were ever measured."""
    cases = [case for case in (SHORT, LONG, FULL) if case.name in known]
    rows = "\n".join(_row(case, known[case.name]) for case in cases)
    growth = known[LONG.name]["peak_gb"] / known[SHORT.name]["peak_gb"] - 1
    machines = "\n".join(f"- {case.name}: {known[case.name]['machine']}" for case in cases)
    return f"""# What an edit costs

Written by `make bench` (`python bench/edit.py`): `soundini edit` as a whole process, start-up, reading and writing
included, preset `fast`, embedded models, 24 frames a second.

| frames | size | region | seconds | processor seconds a frame | seconds a frame | peak memory, GiB |
|---:|---|---|---:|---:|---:|---:|
{rows}

Peak memory from {SHORT.frames} to {LONG.frames} frames of {LONG.width}x{LONG.height}: {growth:+.1%}.

Machine:

{machines}
"""


def _row(case: Case, figure: dict[str, Any]) -> str:
    seconds, cpu = figure["seconds"], figure["cpu_seconds"] / case.frames
    return (
        f"| {case.frames} | {case.width}x{case.height} | {case.side}x{case.side} | {seconds:.1f} "
        f"| {cpu:.2f} | {seconds / case.frames:.2f} | {figure['peak_gb']:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument(
        "--fresh", action="store_true", help="measure anew what was measured before"
    )
    parser.add_argument("--output", type=Path, default=Path("docs/bench.md"))
    options = parser.parse_args()
    notes = Notes(FIGURES, fresh=options.fresh)
    for case in (SHORT, LONG, *([FULL] if options.full else [])):
        notes.figure(case.name, lambda case=case: measure(case))
    options.output.write_text(report(notes.known))


if __name__ == "__main__":
    main()
