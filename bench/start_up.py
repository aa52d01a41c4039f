"""Measure how long commands take before they work, and by which libraries, written to docs/bench-start-up.md.

    python bench/start_up.py [--output docs/bench-start-up.md]

Bytecode is cached and the disk is warm: each command runs once before it is measured.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from measuring import machine, write_clip

LIBRARIES = 8
"""How many are listed for a command."""
IMPORTED = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
ENVIRONMENT = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}


def until(command: Sequence[str], word: str) -> tuple[float, float]:
    """Seconds on the clock and on the processors until a line of output begins with a word, or the end."""
    before = _spent()
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT
    )
    assert process.stdout is not None
    met = not word
    for line in process.stdout:
        if word and line.startswith(word):
            met = True
            break
    seconds = time.perf_counter() - began
    if word:
        process.kill()
    process.wait()
    if not met or (not word and process.returncode):
        raise SystemExit(f"{' '.join(command)} did not do what is measured")
    return seconds, _spent() - before


def by_library(command: Sequence[str]) -> list[tuple[str, float]]:
    """Seconds that importing takes, by library, those of one library together."""
    timed = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(timed, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    spent: Counter[str] = Counter()
    for own, name in IMPORTED.findall(done.stderr):
        spent[name.partition(".")[0]] += int(own) / 1e6
    return spent.most_common(LIBRARIES)


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _report(rows: list[str], libraries: list[str]) -> str:
    return "\n".join(
        [
            "# What starting takes",
            "",
            "Written by `python bench/start_up.py`. Bytecode is cached, the disk is warm; the embedded models, preset `fast`.",
            "Seconds on the clock depend on the other work of the machine; processor seconds depend less on it.",
            "",
            "| command | seconds | processor seconds |",
            "|---|---:|---:|",
            *rows,
            "",
            "Seconds of importing, by library (its own modules; timing slows them down):",
            "",
            "| command | libraries |",
            "|---|---|",
            *libraries,
            "",
            f"Machine: {machine()}",
            "",
        ]
    )


def main() -> None:
    """Run each command, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/bench-start-up.md"))
    page = parser.parse_args().output
    rows, libraries = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "clip.mp4"
        write_clip(clip, 12, 128, 96)
        asked = ["--sound", "self", "--box", "32,16,64,64", "--heard-as", "fire"]
        soundini = [sys.executable, "-m", "soundini"]
        cases = {
            "`soundini --help`": ([*soundini, "--help"], ""),
            "`soundini edit`, 12 frames, to the first step": (
                [*soundini, "edit", str(clip), *asked, "-o", str(folder / "out.mp4")],
                "12 frames in",
            ),
            "`soundini preview` of one frame": (
                [*soundini, "preview", str(clip), *asked, "-o", str(folder / "strip.png")],
                "",
            ),
        }
        for label, (command, word) in cases.items():
            until(command, word)
            seconds, processor = until(command, word)
            rows.append(f"| {label} | {seconds:.1f} | {processor:.1f} |")
            spent = ", ".join(f"{library} {s:.2f}" for library, s in by_library(command))
            libraries.append(f"| {label} | {spent} |")
            print(rows[-1], spent, flush=True)
    page.write_text(_report(rows, libraries))


if __name__ == "__main__":
    main()
