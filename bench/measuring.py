"""What the benches share: a clip, a process as the operating system accounts for it, notes of what is measured."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from soundini.media.sound import Sound
from soundini.media.video_info import PictureFormat
from soundini.media.video_writer import VideoWriter


@dataclass(frozen=True)
class Usage:
    """What a process took: seconds on the clock and on the processors, peak memory in GiB."""

    seconds: float
    cpu_seconds: float
    peak_gb: float


def run_measured(command: Sequence[str], environment: dict[str, str] | None = None) -> Usage:
    """Run a command whose output nobody reads; it must end well."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    return Usage(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20)


def write_clip(path: Path, frames: int, width: int = 426, height: int = 240) -> None:
    """A texture that drifts by one pixel a frame, with noise for sound."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 255, (-(-height // 4), width // 4 + 4 + frames // 4, 3), np.uint8)
    wide = np.repeat(np.repeat(blocks, 4, 0), 4, 1)[:height]
    seconds = frames / 24
    sound = Sound(
        rng.normal(0, 0.1, (1, int(44_100 * seconds))).astype(np.float32).clip(-1, 1), 44_100
    )
    rate, tick = Fraction(24), Fraction(1, 24)
    like = PictureFormat(width=width, height=height, frame_rate=rate, time_base=tick)
    with VideoWriter(path, like, audio="guide", sound=sound) as out:
        for i in range(frames):
            out.write(np.ascontiguousarray(wide[:, i : i + width]), Fraction(i, 24), tick)


def clock(device: torch.device | str) -> float:
    """Seconds that a device has worked: what other processes take on the CPU does not count.

    On the CPU that is processor time, shared out over the threads; elsewhere it is the time of day.
    """
    if torch.device(device).type == "cpu":
        return time.process_time() / torch.get_num_threads()
    return time.perf_counter()


def matmul_rate(device: torch.device, dtype: torch.dtype, side: int = 256) -> float:
    """FLOP a second of a square matrix product: the best of three, at a side that takes a while."""
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    spent = []
    for _ in range(3):
        began = clock(device)
        float((a @ b)[0, 0])  # reading it waits for the device
        spent.append(clock(device) - began)
    if min(spent) < 0.05 and side < 2**13:
        return matmul_rate(device, dtype, 2 * side)
    return 2 * side**3 / min(spent)


class Notes:
    """Figures in a file of JSON lines, so that a bench that was stopped goes on where it was.

    Args:
        path: the file; it may not exist yet.
        fresh: forget what it holds.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        if fresh:
            path.unlink(missing_ok=True)
        lines = path.read_text().splitlines() if path.exists() else []
        self.known: dict[str, Any] = dict(json.loads(line) for line in lines)

    def figure(self, key: str, measure: Callable[[], Any]) -> Any:
        """The figure of that key, measured (JSON-ready) where the file does not hold it yet."""
        if key not in self.known:
            self.known[key] = measure()
            with self.path.open("a") as file:
                file.write(json.dumps([key, self.known[key]]) + "\n")
            print(key, self.known[key], flush=True)
        return self.known[key]


def device_name(device: torch.device | str) -> str:
    """What a device calls itself."""
    return torch.cuda.get_device_name() if torch.device(device).type == "cuda" else str(device)


def machine() -> str:
    """What the figures were taken on, and whether it had other work."""
    load, threads = os.getloadavg()[0], torch.get_num_threads()
    other = "other work was running" if load > threads + 0.5 else "idle but for the bench"
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, torch {torch.__version__}, {threads} "
        f"threads, load average {load:.1f} ({other})"
    )
