"""Measure ``soundini edit --models paper-256`` and ``paper-512`` at their true sizes: does it fit, how long does it take.

    python bench/paper_edit.py [--home FOLDER] [--packs paper-256] [--square] [--patience 1800]

Two frames, two steps, the packs' own presets, the whole command, on a clip that is made here. On a GPU the whole square is
edited, in either arithmetic in the leanest layout, and as the preset chooses. On a CPU it is the leanest layout alone, and the
region is flat, so that two cores get through it; ``--square`` measures the whole square too. Weights are random unless
``--home`` names a folder of SOUNDINI_HOME that holds some. Writes docs/bench-paper-edit.md. Each edit is noted when it is done:
a bench that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from measuring import Notes, Usage, device_name, machine, matmul_rate, run_measured, write_clip
from paper_weights import parts_of, weights_home

from soundini.cli import main as soundini

SIDES = {"paper-256": 256, "paper-512": 512}
SMALLEST = {"paper-256": 32, "paper-512": 64}
"""The strides of the networks: no region is smaller."""
BUDGET_GB = 12.0
LEAN = ("compute.chunk=1", "compute.checkpoint=true", "compute.offload=true")
"""What the presets choose where memory is short: figures must not depend on what the machine has free."""


@dataclass(frozen=True)
class Edit:
    """One edit: which pack, in which arithmetic, of a region of which size, and whether as lean as can be."""

    pack: str
    dtype: str
    width: int
    height: int
    lean: bool = True

    @property
    def key(self) -> str:
        """Names the edit in the notes."""
        return f"{self.pack} {self.dtype} {self.width}x{self.height}{'' if self.lean else ' auto'}"


@dataclass(frozen=True)
class Taken:
    """What an edit took: the process, and the GPU's peak in GiB where there is one."""

    process: Usage
    gpu_gb: float | None


def run_edit(edit: Edit, options: argparse.Namespace, environment: dict[str, str]) -> Taken:
    """The whole command on a clip of the region's shape, whose mask leaves a margin on each side."""
    with tempfile.TemporaryDirectory() as folder:
        clip, output = Path(folder) / "clip.mp4", Path(folder) / "out.mp4"
        peak = Path(folder) / "peak"
        scale = 2 if max(edit.width, edit.height) < 128 else 1  # native frames of some size
        write_clip(clip, options.frames, scale * edit.width, scale * edit.height)
        command = [sys.executable, __file__, "--inside", str(peak), "edit", str(clip)]
        command += ["--sound", "self", "--box", "0.05,0.05,0.9,0.9", "-o", str(output)]
        command += ["--models", edit.pack, "--device", options.device]
        settings = (
            f"sampling.steps={options.steps}",
            f"region.size={max(edit.width, edit.height)}",
            f"compute.dtype={edit.dtype}",
            *(LEAN if edit.lean else ()),
        )
        for setting in settings:
            command += ["--set", setting]
        usage = run_measured(command, environment)
        return Taken(usage, float(peak.read_text()) if options.device == "cuda" else None)


def edit_inside(peak: str, arguments: list[str]) -> int:
    """Run the command in this process, and write down what it took of the GPU."""
    code = soundini(arguments)
    if torch.cuda.is_available():
        Path(peak).write_text(str(torch.cuda.max_memory_allocated() / 2**30))
    return code


def on_gpu(options: argparse.Namespace) -> Iterator[Edit]:
    """What is measured where time is no matter."""
    for pack, side in sides_of(options).items():
        for dtype in ("float32", "bfloat16"):
            yield Edit(pack, dtype, side, side)
        yield Edit(pack, "bfloat16", side, side, lean=False)


def sides_of(options: argparse.Namespace) -> dict[str, int]:
    """The side of each pack's square."""
    return {pack: options.side or SIDES[pack] for pack in options.packs}


def forecast(edit: Edit, like: Edit, usage: Usage, slowdown: float) -> float:
    """Processor seconds of an edit, from those of another in other arithmetic and of another size."""
    area = edit.width * edit.height / (like.width * like.height)
    return usage.cpu_seconds * area * slowdown


def main() -> None:
    if "--inside" in sys.argv[:2]:
        raise SystemExit(edit_inside(sys.argv[2], sys.argv[3:]))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a SOUNDINI_HOME that holds the weights")
    parser.add_argument("--packs", nargs="+", choices=list(SIDES), default=list(SIDES))
    parser.add_argument("--side", type=int, help="of the square, in place of what the pack is for")
    parser.add_argument("--frames", type=int, default=2)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--square", action="store_true", help="on a CPU: the whole square as well")
    parser.add_argument(
        "--patience", type=float, default=1800, help="on a CPU: longest edit, processor seconds"
    )
    parser.add_argument("--notes", type=Path, default=Path("build/bench-paper-edit.jsonl"))
    parser.add_argument("--fresh", action="store_true", help="forget earlier notes")
    parser.add_argument("--output", type=Path, default=Path("docs/bench-paper-edit.md"))
    options = parser.parse_args()
    notes = Notes(options.notes, fresh=options.fresh)
    device = torch.device(options.device)
    rates = {
        name: notes.figure(f"rate {name}", lambda n=name: matmul_rate(device, getattr(torch, n)))
        for name in ("float32", "bfloat16")
    }
    done: dict[Edit, Taken] = {}
    left_out: dict[Edit, float] = {}
    with weights_home(parts_of(options.packs), options.home) as environment:

        def measure(edit: Edit) -> Usage:
            found = notes.figure(edit.key, lambda: asdict(run_edit(edit, options, environment)))
            done[edit] = Taken(Usage(**found["process"]), found["gpu_gb"])
            return done[edit].process

        if options.device == "cuda":
            for edit in on_gpu(options):
                measure(edit)
        else:
            left_out = measure_on_cpu(measure, notes, options, rates)
    options.output.write_text(report(done, left_out, rates, options))


def measure_on_cpu(
    measure: Callable[[Edit], Usage],
    notes: Notes,
    options: argparse.Namespace,
    rates: dict[str, float],
) -> dict[Edit, float]:
    """Measure what a CPU can; return what would take too long, with its seconds."""
    left_out: dict[Edit, float] = {}
    sides = sides_of(options)
    flat = {pack: Edit(pack, "float32", side, side // 4) for pack, side in sides.items()}
    taken = {pack: measure(edit) for pack, edit in flat.items()}
    slowdown = rates["float32"] / rates["bfloat16"]
    for pack, like in flat.items():
        small = SMALLEST[pack]
        for size in ((like.width, like.height), (small, small)):
            edit = Edit(pack, "bfloat16", *size)
            seconds = forecast(edit, like, taken[pack], slowdown)
            if edit.key in notes.known or seconds <= options.patience:
                measure(edit)
                break
            left_out[edit] = seconds
    if options.square:
        for pack, side in sides.items():
            measure(Edit(pack, "float32", side, side))
    return left_out


def report(
    done: dict[Edit, Taken],
    left_out: dict[Edit, float],
    rates: dict[str, float],
    options: argparse.Namespace,
) -> str:
    """The page."""
    on_cpu = options.device == "cpu"
    rows = "\n".join(
        f"| `{e.pack}` | `{e.dtype}` | {e.width}x{e.height} | {'leanest' if e.lean else 'chosen'} | "
        f"{'' if t.gpu_gb is None else f'{t.gpu_gb:.1f}'} | {t.process.peak_gb:.1f} | "
        f"{t.process.cpu_seconds:.0f} | {t.process.seconds:.0f} |"
        for e, t in done.items()
    )
    highest = max(t.process.peak_gb if t.gpu_gb is None else t.gpu_gb for t in done.values())
    verdict = "under" if highest < BUDGET_GB else "NOT under"
    ratio = rates["float32"] / rates["bfloat16"]
    missing = "".join(
        f"\n- `{e.pack}` in `{e.dtype}` at {e.width}x{e.height}: about {s / 60:.0f} minutes"
        for e, s in left_out.items()
    )
    if missing:
        missing = (
            f"\nLeft out, because they would take more than {options.patience / 60:.0f} minutes of processor time at these rates "
            f"(`--patience`):\n{missing}\n"
        )
    sides = sides_of(options)
    if not any(e.width == e.height == sides[e.pack] for e in done):
        missing += "\nThe whole square, which takes more time and memory, was not measured here; `--square` measures it.\n"
    flat = "The region is flat, a quarter of the square, unless the table says otherwise."
    of_gpu = "" if on_cpu else "of the GPU "
    end = f"This device multiplies bfloat16 {describe(ratio)} float32."
    return f"""# What an edit with the paper's models takes

Written by `python bench/paper_edit.py`: `soundini edit --models PACK --set sampling.steps={options.steps}` as a whole
process, start-up, loading, reading and writing included, {options.frames} frames, the pack's own preset, random weights of the
true sizes unless a folder is named. The leanest layout is `compute.chunk=1`, `compute.checkpoint=true`,
`compute.offload=true`; otherwise the preset chooses by the memory that is free. {flat if on_cpu else ""}

Machine: {machine()}, device {device_name(options.device)}.
Matrix products: float32 {rates["float32"] / 1e9:.1f} GFLOP/s, bfloat16 {rates["bfloat16"] / 1e9:.1f} GFLOP/s.

| models | `compute.dtype` | region | layout | GPU's peak, GiB | process's peak, GiB | processor time, s | clock, s |
|---|---|---:|---|---:|---:|---:|---:|
{rows}

The highest of these peaks {of_gpu}is {verdict} {BUDGET_GB:.0f} GiB. {end}
{missing}"""


def describe(ratio: float) -> str:
    """How one rate compares with another."""
    return f"{ratio:.0f} times slower than" if ratio >= 1.5 else "about as fast as, or faster than,"


if __name__ == "__main__":
    main()
