"""What keeping a job costs: seconds that an edit spends on it, and bytes on disk, written to docs/bench-jobs.md.

    python bench/jobs.py [--frames 24] [--output docs/bench-jobs.md]

The edit is that of bench/edit.py: preset `fast`, embedded models, a region of 128x128 pixels. Every call by which the job touches
the disk is timed on the clock of this process, so the share holds whatever else the machine does.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from edit import ROI
from measuring import machine, write_clip

from soundini.config.presets import load_preset
from soundini.editing.files import prepare_edit
from soundini.editing.request import EditRequest, MaskRequest
from soundini.jobs.job import Job
from soundini.jobs.journal import Journal
from soundini.jobs.run import SECONDS_BETWEEN_STATES, run_job
from soundini.jobs.windows import WindowFiles

CALLS = {
    "begin (hash inputs and weights, first record)": (Job, "create"),
    "finished windows": (WindowFiles, "keep_finished"),
    "states of the running window": (WindowFiles, "keep_running"),
    "log": (Journal, "tell"),
    "losses": (Journal, "add"),
    "end (last record, delete the windows)": (Job, "drop_work"),
}


def timed(spent: Counter[str]) -> None:
    """Time the calls of the job from now on."""
    for name, (owner, method) in CALLS.items():
        inner = getattr(owner, method)

        def call(*arguments: Any, inner: Any = inner, name: str = name, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return inner(*arguments, **options)
            finally:
                spent[name] += time.perf_counter() - began

        setattr(owner, method, call)


def measure(frames: int) -> str:
    """Do the edit and write the page."""
    spent: Counter[str] = Counter()
    timed(spent)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "clip.mp4"
        write_clip(clip, frames)
        request = EditRequest(
            video=clip,
            sound="self",
            output=folder / "out.mp4",
            mask=MaskRequest(box=ROI),
            recipe=load_preset("fast"),
        )
        began = time.perf_counter()
        largest = 0
        edit = prepare_edit(request)
        with Job.create(edit, folder / "job") as job:
            for _ in run_job(job, edit):
                largest = max(largest, size_of(job.folder))
            left = size_of(job.folder)
        seconds = time.perf_counter() - began
    rows = "\n".join(f"| {name} | {spent[name]:.3f} |" for name in CALLS)
    total = sum(spent.values())
    return f"""# What keeping a job costs

Written by `python bench/jobs.py`: {frames} frames of 426x240, a region of 128x128 pixels, preset `fast`, embedded models,
at most one state every {SECONDS_BETWEEN_STATES:g} seconds.

Machine: {machine()}.

| | seconds |
|---|---:|
{rows}
| all of the job | {total:.3f} |
| the edit | {seconds:.1f} |

That is {total / seconds:.2%} of the time. The job's folder held {largest / 2**20:.1f} MiB at most,
and {left / 1024:.0f} KiB when all was done.
"""


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--output", type=Path, default=Path("docs/bench-jobs.md"))
    options = parser.parse_args()
    page = measure(options.frames)
    print(page)
    options.output.write_text(page)


if __name__ == "__main__":
    main()
