"""Measure ``soundini edit --models paper-256`` and ``paper-512`` at their true sizes: does it fit, how long does it take.

    python bench/paper_edit.py [--home FOLDER] [--square] [--patience 1800]

Two frames, two steps, the packs' own presets in their leanest layout, the whole command, on a clip that is made here.
The region is flat, so that two cores get through it; ``--square`` measures the whole square too. Weights are random
unless ``--home`` names a folder of SOUNDINI_HOME that holds some. Writes docs/bench-paper-edit.md. Each edit is noted
when it is done: a bench that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from measuring import Notes, Usage, machine, matmul_rate, run_measured, write_clip
from paper_weights import parts_of, weights_home

SIDES = {"paper-256": 256, "paper-512": 512}
SMALLEST = {"paper-256": 32, "paper-512": 64}
"""The strides of the networks: no region is smaller."""
FRAMES = STEPS = 2
BUDGET_GB = 12.0
LEAN = ("compute.chunk=1", "compute.checkpoint=true", "compute.offload=true")
"""What the presets choose where memory is short: figures must not depend on what the machine has free."""


@dataclass(frozen=True)
class Edit:
    """One edit: which pack, in which arithmetic, of a region of which size."""

    pack: str
    dtype: str
    width: int
    height: int

    @property
    def key(self) -> str:
        """Names the edit in the notes."""
        return f"{self.pack} {self.dtype} {self.width}x{self.height}"


def run_edit(edit: Edit, environment: dict[str, str]) -> Usage:
    """The whole command on a clip of the region's shape, whose mask leaves a margin on each side."""
    with tempfile.TemporaryDirectory() as folder:
        clip, output = Path(folder) / "clip.mp4", Path(folder) / "out.mp4"
        scale = 2 if max(edit.width, edit.height) < 128 else 1  # native frames of some size
        write_clip(clip, FRAMES, scale * edit.width, scale * edit.height)
        command = [sys.executable, "-m", "soundini", "edit", str(clip), "--sound", "self"]
        command += ["--box", "0.05,0.05,0.9,0.9", "-o", str(output), "--models", edit.pack]
        settings = (
            f"sampling.steps={STEPS}",
            f"region.size={max(edit.width, edit.height)}",
            f"compute.dtype={edit.dtype}",
            *LEAN,
        )
        for setting in settings:
            command += ["--set", setting]
        return run_measured(command, environment)


def forecast(edit: Edit, like: Edit, usage: Usage, slowdown: float) -> float:
    """Processor seconds of an edit, from those of another in other arithmetic and of another size."""
    area = edit.width * edit.height / (like.width * like.height)
    return usage.cpu_seconds * area * slowdown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a SOUNDINI_HOME that holds the weights")
    parser.add_argument("--square", action="store_true", help="the whole square as well")
    parser.add_argument(
        "--patience", type=float, default=1800, help="longest edit, processor seconds"
    )
    parser.add_argument("--notes", type=Path, default=Path("build/bench-paper-edit.jsonl"))
    parser.add_argument("--fresh", action="store_true", help="forget earlier notes")
    parser.add_argument("--output", type=Path, default=Path("docs/bench-paper-edit.md"))
    options = parser.parse_args()
    notes = Notes(options.notes, fresh=options.fresh)
    rates = {
        name: notes.figure(
            f"rate {name}", lambda n=name: matmul_rate(torch.device("cpu"), getattr(torch, n))
        )
        for name in ("float32", "bfloat16")
    }
    done: dict[Edit, Usage] = {}
    left_out: dict[Edit, float] = {}
    with weights_home(parts_of(list(SIDES)), options.home) as environment:

        def measure(edit: Edit) -> Usage:
            found = notes.figure(edit.key, lambda: asdict(run_edit(edit, environment)))
            done[edit] = Usage(**found)
            return done[edit]

        flat = {p: Edit(p, "float32", side, side // 4) for p, side in SIDES.items()}
        for edit in flat.values():
            measure(edit)
        slowdown = rates["float32"] / rates["bfloat16"]
        for pack, like in flat.items():
            small = SMALLEST[pack]
            for size in ((like.width, like.height), (small, small)):
                edit = Edit(pack, "bfloat16", *size)
                seconds = forecast(edit, like, done[like], slowdown)
                if edit.key in notes.known or seconds <= options.patience:
                    measure(edit)
                    break
                left_out[edit] = seconds
        if options.square:
            for pack, side in SIDES.items():
                measure(Edit(pack, "float32", side, side))
    options.output.write_text(report(done, left_out, rates, options.patience))


def report(
    done: dict[Edit, Usage], left_out: dict[Edit, float], rates: dict[str, float], patience: float
) -> str:
    """The page."""
    rows = "\n".join(
        f"| `{e.pack}` | `{e.dtype}` | {e.width}x{e.height} | {u.peak_gb:.1f} | "
        f"{u.cpu_seconds:.0f} | {u.seconds:.0f} |"
        for e, u in done.items()
    )
    highest = max(u.peak_gb for u in done.values())
    verdict = "under" if highest < BUDGET_GB else "NOT under"
    ratio = rates["float32"] / rates["bfloat16"]
    missing = "".join(
        f"\n- `{e.pack}` in `{e.dtype}` at {e.width}x{e.height}: about {s / 60:.0f} minutes"
        for e, s in left_out.items()
    )
    if missing:
        missing = (
            f"\nLeft out, because they would take more than {patience / 60:.0f} minutes of processor time at these rates "
            f"(`--patience`):\n{missing}\n"
        )
    if not any(e.width == e.height == SIDES[e.pack] for e in done):
        missing += "\nThe whole square, which takes more time and memory, was not measured here; `--square` measures it.\n"
    return f"""# What an edit with the paper's models takes

Written by `python bench/paper_edit.py`: `soundini edit --models PACK --set sampling.steps={STEPS}` as a whole process, start-up,
loading, reading and writing included, {FRAMES} frames, the pack's own preset in its leanest layout (`compute.chunk=1`,
`compute.checkpoint=true`, `compute.offload=true`), random weights of the true sizes. The network is
the true one; the region is flat, a quarter of the square that the network was trained on, unless the table says otherwise.

Machine: {machine()}.
Matrix products: float32 {rates["float32"] / 1e9:.1f} GFLOP/s, bfloat16 {rates["bfloat16"] / 1e9:.1f} GFLOP/s.

| models | `compute.dtype` | region | peak memory, GiB | processor time, s | clock, s |
|---|---|---:|---:|---:|---:|
{rows}

The highest of these peaks is {verdict} {BUDGET_GB:.0f} GiB. This machine multiplies bfloat16 {describe(ratio)} float32.
{missing}"""


def describe(ratio: float) -> str:
    """How one rate compares with another."""
    return f"{ratio:.0f} times slower than" if ratio >= 1.5 else "about as fast as, or faster than,"


if __name__ == "__main__":
    main()
