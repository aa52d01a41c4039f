"""Measure the paper's U-Nets and RAFT on this machine, and what each low-memory switch costs.

    python bench/paper_scale.py [--home FOLDER] [--side 128] [--frames 2] [--patience 600]

One guided step a case, each in a process of its own. Weights are random unless ``--home`` names a folder of SOUNDINI_HOME that
holds some; they take the same time. Writes docs/bench-paper.md. Each case is noted when it is done: a bench that was stopped
goes on where it was. A case that would take longer than ``--patience`` by the measured rates is left out, and the page says so.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from measuring import Notes, clock, machine, matmul_rate
from paper_weights import weights_home
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from soundini.editing.memory import RecomputedFlow
from soundini.flow.raft import RAFTFlow
from soundini.guidance.compose import GuidedDenoiser, WeightedTerm
from soundini.guidance.terms import RangeGuidance
from soundini.packs.denoiser import load_denoiser
from soundini.weights.inventory import UNETS as ALL_UNETS
from soundini.weights.inventory import ready_weights

UNETS = {name: ALL_UNETS[name] for name in ("paper-256", "paper-512")}
"""The third, without labels, is the second but for their table."""
GUIDED = ("gradient",)
EXACT = "exact gradient, all frames at once"
BFLOAT16 = "compute.dtype=bfloat16"
STEPS = {
    "forward alone (no gradient)": (),
    EXACT: GUIDED,
    "compute.chunk=1": (*GUIDED, "chunk"),
    "compute.checkpoint=true": (*GUIDED, "checkpoint"),
    "compute.chunk=1 compute.checkpoint=true": (*GUIDED, "chunk", "checkpoint"),
    "attention not fused": (*GUIDED, "plain attention"),
    BFLOAT16: (*GUIDED, "bfloat16"),
}
RAFT = "raft_large"
FLOWS = {"kept for the gradient": (), "compute.checkpoint=true": ("checkpoint",)}


@dataclass(frozen=True)
class Figure:
    """One measured case: seconds and FLOP of one frame's step, or of one pair of frames; peak memory meanwhile."""

    seconds: float
    flop: float
    peak_gb: float


class FlopCounter(TorchDispatchMode):
    """Counts FLOP by torch's own table; torch's counter also follows modules, which ``autograd.grad`` does not bear."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func.overloadpacket)
        if count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=out)
        return out


def denoising(
    model: str, options: tuple[str, ...], side: int, frames: int, device: str
) -> Callable[[], Tensor]:
    """A step of the network, guided by the range term: the other models are left out."""
    dtype = torch.bfloat16 if "bfloat16" in options else None
    denoiser = load_denoiser(ready_weights(UNETS[model]).parent, {}, dtype, device)
    denoiser.recompute_activations("checkpoint" in options)
    terms = [WeightedTerm(1.0, RangeGuidance())] if "gradient" in options else []
    guided = GuidedDenoiser(denoiser, terms, chunk=1 if "chunk" in options else 0)
    x = torch.randn(frames, 3, side, side, device=device)
    return lambda: guided(x, 500).eps


def flowing(options: tuple[str, ...], side: int, pairs: int, device: str) -> Callable[[], Tensor]:
    """The gradient of the flow between pairs of frames."""
    raft = RAFTFlow.from_file(ready_weights(RAFT)).to(device)
    flow = RecomputedFlow(raft) if "checkpoint" in options else raft
    a = torch.rand(pairs, 3, side, side, device=device, requires_grad=True)
    b = torch.rand(pairs, 3, side, side, device=device)
    return lambda: torch.autograd.grad(flow(a, b).square().mean(), a)[0]


def run_case(model: str, options: tuple[str, ...], side: int, count: int, device: str) -> Figure:
    """Measure one case in this process."""
    size = (options, side, count, device)
    run = flowing(*size) if model == RAFT else denoising(model, *size)
    counter = FlopCounter()
    with ExitStack() as stack:
        stack.enter_context(counter)
        if "plain attention" in options:
            kernel = torch.nn.attention.SDPBackend.MATH
            stack.enter_context(torch.nn.attention.sdpa_kernel(kernel))
        forget_peak(device)
        began = clock(device)
        float(run().sum())  # reading it waits for the device
        seconds = clock(device) - began
    return Figure(seconds / count, counter.total / count, peak_gb(device))


def forget_peak(device: str) -> None:
    """Begin to count the peak anew, where the system can: loading takes more than a step of a small frame."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats()
    elif Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")


def peak_gb(device: str) -> float:
    """Peak memory in GiB: of the GPU, or of the process."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated() / 2**30
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 2**20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def measure(model: str, case: str, options: argparse.Namespace, env: dict[str, str]) -> object:
    """Run a case in its own process."""
    command = [sys.executable, __file__, "--model", model, "--case", case]
    command += ["--side", str(options.side), "--frames", str(options.frames)]
    command += ["--device", options.device]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=env)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with status {done.returncode}")
    return json.loads(done.stdout)


def measure_all(
    options: argparse.Namespace, notes: Notes, rates: dict[str, float]
) -> tuple[dict[str, dict[str, Figure]], list[str]]:
    """Every case of every model, and what to say of those that are left out."""
    slowdown = rates["float32"] / rates["bfloat16"]
    figures: dict[str, dict[str, Figure]] = {}
    left_out: list[str] = []
    with weights_home([*UNETS.values(), RAFT], options.home) as environment:
        for model in (*UNETS, RAFT):
            figures[model] = {}
            for case in FLOWS if model == RAFT else STEPS:
                key = f"{model} {case} {options.side} {options.frames} {options.device}"
                if case == BFLOAT16 and key not in notes.known:
                    expected = figures[model][EXACT].seconds * options.frames * slowdown
                    if expected > options.patience:
                        left_out.append(
                            f"`{case}` of {model} is left out: this device multiplies bfloat16 "
                            f"{slowdown:.0f} times slower than float32, so the "
                            f"step would take about {expected / 60:.0f} minutes."
                        )
                        continue
                found = notes.figure(
                    key, lambda m=model, c=case: measure(m, c, options, environment)
                )
                figures[model][case] = Figure(**found)
    return figures, left_out


def table(figures: dict[str, Figure], rates: dict[str, float], what: str) -> str:
    """One model's rows; the case with all frames at once is what the others are compared with."""
    base = figures.get(EXACT) or next(iter(figures.values()))
    rows = [
        f"| {what} | seconds | times | peak GiB | TFLOP | of the matmul rate |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for case, f in figures.items():
        rate = rates["bfloat16" if case == BFLOAT16 else "float32"]
        rows.append(
            f"| {case} | {f.seconds:.1f} | {f.seconds / base.seconds:.2f} | {f.peak_gb:.2f} | "
            f"{f.flop / 1e12:.2f} | {f.flop / f.seconds / rate:.0%} |"
        )
    return "\n".join(rows)


def report(
    figures: dict[str, dict[str, Figure]],
    left_out: list[str],
    rates: dict[str, float],
    options: argparse.Namespace,
) -> str:
    """The page."""
    told = ", ".join(f"{name} {rate / 1e9:.1f} GFLOP/s" for name, rate in rates.items())
    unets = "\n\n".join(
        f"## The U-Net of {pack} (trained at {pack.removeprefix('paper-')} pixels)\n\n"
        + table(figures[pack], rates, "a step of a frame")
        for pack in UNETS
    )
    return f"""# What the paper's networks cost

Written by `python bench/paper_scale.py --side {options.side} --frames {options.frames}`: one step of {options.frames} frames
of {options.side}x{options.side} pixels, random weights of the true sizes. The gradient is that of the range term, so the
other models are left out. Each row is a process of its own; seconds and TFLOP are those of one frame and one step, memory is
the peak of the process while the step ran (of the GPU, where there is one), the weights of the network included. On a CPU,
seconds are processor time shared out over the threads: what other processes took meanwhile does not count.

Machine: {machine()}, device {options.device}.
Matrix products: {told}.

{unets}

## RAFT, one direction of a pair, 20 rounds

{table(figures[RAFT], rates, "flow and its gradient")}

Recomputed, RAFT's activations are there while its own gradient is taken, hence the same peak; they are not kept beside those of
the other direction, of the next pairs and of the other models.

TFLOP are counted as they are computed: what is computed twice counts twice, and attention that the CPU fuses is not counted
(torch has no rule for it; it is a small share). Frames and pairs share what is loaded once.
`compute.offload` is in no table: on a CPU it moves nothing, and on a GPU it moves towers that no step uses.
{chr(10).join(left_out)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a SOUNDINI_HOME that holds the weights")
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--frames", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--patience", type=float, default=600, help="longest step, seconds")
    parser.add_argument("--notes", type=Path, default=Path("build/bench-paper.jsonl"))
    parser.add_argument("--fresh", action="store_true", help="forget earlier notes")
    parser.add_argument("--output", type=Path, default=Path("docs/bench-paper.md"))
    parser.add_argument("--model", choices=[*UNETS, RAFT], help=argparse.SUPPRESS)
    parser.add_argument("--case", choices=[*STEPS, *FLOWS], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        switches = (FLOWS if options.model == RAFT else STEPS)[options.case]
        figure = run_case(options.model, switches, options.side, options.frames, options.device)
        print(json.dumps(asdict(figure)), flush=True)
        return
    notes = Notes(options.notes, fresh=options.fresh)
    device = torch.device(options.device)
    rates = {
        name: notes.figure(
            f"rate {name} {device}", lambda n=name: matmul_rate(device, getattr(torch, n))
        )
        for name in ("float32", "bfloat16")
    }
    figures, left_out = measure_all(options, notes, rates)
    options.output.write_text(report(figures, left_out, rates, options))


if __name__ == "__main__":
    main()
