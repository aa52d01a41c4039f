"""Measure the paper's U-Net on this machine, and what each low-memory switch costs.

    python bench/paper_scale.py [--pack paper-256] [--side 128] [--frames 2]

Writes docs/bench-paper.md. Needs the pack's U-Net: the true one, or random weights of its size,
which take the same time:

    soundini weights make-random --layout guided_256_uncond -o unet.safetensors
    soundini weights import unet.safetensors

Every figure is a guided step in a process of its own, whose peak memory the operating system tells.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from soundini.guidance.compose import GuidedDenoiser, WeightedTerm
from soundini.guidance.pixel_range import RangeGuidance
from soundini.packs.denoiser import load_denoiser
from soundini.weights.inventory import ready_weights
from soundini.weights.paper import UNETS

GUIDED = ("gradient",)
CASES = {
    "forward alone (no gradient)": (),
    "exact gradient, all frames at once": GUIDED,
    "compute.chunk=1": (*GUIDED, "chunk"),
    "compute.checkpoint=true": (*GUIDED, "checkpoint"),
    "compute.chunk=1 compute.checkpoint=true": (*GUIDED, "chunk", "checkpoint"),
    "attention not fused": (*GUIDED, "plain attention"),
    "compute.dtype=bfloat16": (*GUIDED, "bfloat16"),
}


@dataclass(frozen=True)
class Figure:
    """One measured case: seconds of a step of one frame, FLOP of it, peak memory of the process."""

    case: str
    seconds: float
    flop: float
    peak_gb: float


def matmul_rate(device: torch.device, dtype: torch.dtype, side: int = 2048) -> float:
    """FLOP a second of a square matrix product, the best of five."""
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    spent = []
    for _ in range(5):
        began = time.perf_counter()
        float((a @ b)[0, 0])  # reading it waits for the device
        spent.append(time.perf_counter() - began)
    return 2 * side**3 / min(spent)


def run_case(pack: str, options: tuple[str, ...], side: int, frames: int, device: str) -> None:
    """One guided step; prints seconds and FLOP as JSON."""
    dtype = torch.bfloat16 if "bfloat16" in options else None
    folder = ready_weights(UNETS[pack]).parent
    denoiser = load_denoiser(folder, {}, dtype).to(device)
    denoiser.recompute_activations("checkpoint" in options)
    terms = [WeightedTerm(1.0, RangeGuidance())] if "gradient" in options else []
    guided = GuidedDenoiser(denoiser, terms, chunk=1 if "chunk" in options else 0)
    x = torch.randn(frames, 3, side, side, device=device)
    counter = FlopCounterMode(display=False)
    with ExitStack() as stack:
        stack.enter_context(counter)
        if "plain attention" in options:
            kernel = torch.nn.attention.SDPBackend.MATH
            stack.enter_context(torch.nn.attention.sdpa_kernel(kernel))
        began = time.perf_counter()
        float(guided(x, 500).eps.sum())
        seconds = time.perf_counter() - began
    peak = torch.cuda.max_memory_allocated() / 2**30 if x.is_cuda else None
    figure = {"seconds": seconds, "flop": counter.get_total_flops(), "peak_gb": peak}
    print(json.dumps(figure), flush=True)


def measure(case: str, options: argparse.Namespace) -> Figure:
    """Run a case in its own process."""
    command = [sys.executable, __file__, "--case", case, "--pack", options.pack]
    command += ["--side", str(options.side), "--frames", str(options.frames)]
    command += ["--device", options.device]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    found = json.loads(said)
    peak = found["peak_gb"] or usage.ru_maxrss / 2**20
    return Figure(case, found["seconds"] / options.frames, found["flop"] / options.frames, peak)


def report(figures: list[Figure], rates: dict[str, float], options: argparse.Namespace) -> str:
    """The page."""
    base = figures[1]
    rows = []
    for f in figures:
        rate = rates["bfloat16" if "bfloat16" in f.case else "float32"]
        rows.append(
            f"| {f.case} | {f.seconds:.1f} | {f.seconds / base.seconds:.2f} | {f.peak_gb:.2f} | "
            f"{f.flop / 1e12:.2f} | {f.flop / f.seconds / rate:.0%} |"
        )
    table = "\n".join(rows)
    told = ", ".join(f"{name} {rate / 1e9:.0f} GFLOP/s" for name, rate in rates.items())
    trained = options.pack.removeprefix("paper-")
    return f"""# What the paper's network costs

Written by `python bench/paper_scale.py --pack {options.pack} --side {options.side}
--frames {options.frames}`: one step of {options.frames} frames of {options.side}x{options.side}
pixels through the U-Net of {options.pack}, which was trained at {trained}x{trained}. The gradient
is that of the range term, so the other models are left out. Each row is a process of its own;
seconds are those of one frame and one step, memory is the peak of the process (of the GPU, where
there is one).

Machine: {platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__},
{torch.get_num_threads()} threads, device {options.device}, load average {os.getloadavg()[0]:.1f}
(other work was running where that is above the threads). Matrix products (2048x2048): {told}.

| step | seconds a frame | times exact | peak GiB | TFLOP a frame | of the matmul rate |
|---|---:|---:|---:|---:|---:|
{table}

TFLOP are counted as they are computed: what is computed twice counts twice. `compute.offload` is
not in the table: on a CPU it moves nothing, and on a GPU it moves towers that no step uses.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", choices=sorted(UNETS), default="paper-256")
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--frames", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--case", choices=list(CASES), help="measure this one and print it")
    parser.add_argument("--output", type=Path, default=Path("docs/bench-paper.md"))
    options = parser.parse_args()
    if options.case:
        run_case(options.pack, CASES[options.case], options.side, options.frames, options.device)
        return
    device = torch.device(options.device)
    rates = {name: matmul_rate(device, getattr(torch, name)) for name in ("float32", "bfloat16")}
    print(rates, flush=True)
    figures = []
    for case in CASES:
        figures.append(measure(case, options))
        print(figures[-1], flush=True)
    options.output.write_text(report(figures, rates, options))


if __name__ == "__main__":
    main()
