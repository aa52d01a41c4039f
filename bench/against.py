"""Time and memory of an edit beside those of an earlier commit, run in turns on this machine.

    python bench/against.py [COMMIT] [--runs 3] [-o docs/bench-against.md]

Both edit the same 24 made-up frames, whose region is 128 pixels wide, by the same noise: `fast` with regions of 128 pixels
in both, then `quality` at each commit's own size. Each run is a process of its own; the models' loading does not count. The
earlier commit is checked out into a temporary folder.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from tyro.conf import Positional, arg

ROOT = Path(__file__).parents[1]

RUN = """
import json, resource, sys, time
import numpy as np
from soundini import SoundEditor, load_preset
from soundini.config.presets import override
preset, settings = sys.argv[1], json.loads(sys.argv[2])
rng = np.random.default_rng(0)
blocks = rng.integers(40, 215, (20, 30, 3))
wide = np.kron(blocks, np.ones((12, 12, 1))).astype(np.uint8)
frames = np.stack([wide[i : i + 180, i : i + 260] for i in range(24)])
mask = np.zeros(frames.shape[1:3], np.float32)
mask[30:142, 60:172] = 1
sound = rng.normal(0, 0.2, 48000).astype(np.float32)
editor = SoundEditor.from_pretrained("embedded")
recipe = override(load_preset(preset), settings)
began = time.perf_counter()
editor(frames, sound, mask=mask, frame_rate=24, sample_rate=44100, recipe=recipe)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"seconds": seconds, "peak": peak}))
"""

CASES = {
    "fast, 128 pixels": ("fast", ["region.size=128"]),
    "quality, each at its own size": ("quality", []),
}


@dataclass(frozen=True)
class Against:
    """What is compared."""

    commit: Positional[str] = "f820808"
    """The earlier commit."""
    runs: int = 3
    """Runs of each."""
    output: Annotated[Path, arg(aliases=("-o",))] = Path("docs/bench-against.md")
    """The page."""


def run(source: Path, preset: str, settings: list[str]) -> dict[str, float]:
    """Edit once, in a process that imports soundini from ``source``."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, preset, json.dumps(settings)],
        env=os.environ | {"PYTHONPATH": str(source / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    asked = tyro.cli(Against, description=__doc__)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / "old"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", str(old), asked.commit], check=True)
        try:
            for name, (preset, settings) in CASES.items():
                taken: dict[str, list[dict[str, float]]] = {"old": [], "new": []}
                for _ in range(asked.runs):
                    taken["old"].append(run(old, preset, settings))
                    taken["new"].append(run(ROOT, preset, settings))
                median = {
                    (which, key): float(np.median([r[key] for r in found]))
                    for which, found in taken.items()
                    for key in ("seconds", "peak")
                }
                rows.append(
                    f"| {name} | {median['old', 'seconds']:.1f} | {median['new', 'seconds']:.1f} | "
                    f"{median['new', 'seconds'] / median['old', 'seconds']:.2f} | "
                    f"{median['old', 'peak']:.2f} | {median['new', 'peak']:.2f} |"
                )
                print(rows[-1])
        finally:
            subprocess.run([*git, "remove", "--force", str(old)], check=True)
    table = "\n".join(rows)
    command = f"python bench/against.py {asked.commit} --runs {asked.runs}"
    asked.output.write_text(f"""# An edit beside an earlier commit

Written by `{command}` on {os.cpu_count()} cores ({platform.machine()}): 24 frames
whose region is 128 pixels wide, medians of {asked.runs} runs of each commit in turns, loading of the models left out. Peak
memory is that of the process, libraries included.

| preset | seconds, {asked.commit} | seconds, now | ratio | peak GiB, {asked.commit} | peak GiB, now |
| --- | ---: | ---: | ---: | ---: | ---: |
{table}
""")
    print(asked.output)


if __name__ == "__main__":
    main()
