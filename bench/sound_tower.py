"""Measure how fast the embedded sound tower hears, on one thread.

    python bench/sound_tower.py

Writes docs/bench-sound.md. Windows of 2.32 s lie end to end; an edit asks for one window a frame, which overlap.
"""

from __future__ import annotations

import platform
import time
from pathlib import Path

import torch

from soundini.packs.loading import load_pack

SECONDS = 120.0
RUNS = 3


def main() -> None:
    torch.set_num_threads(1)
    joint = load_pack("embedded").joint
    waveform = 0.1 * torch.randn(
        round(SECONDS * joint.sample_rate), generator=torch.Generator().manual_seed(0)
    )
    times = torch.arange(0.5 * joint.window_seconds, SECONDS, joint.window_seconds)
    spent = []
    for _ in range(RUNS):
        began = time.perf_counter()
        joint.embed_sound(waveform, times)
        spent.append(time.perf_counter() - began)
    best = min(spent)
    Path("docs/bench-sound.md").write_text(f"""# How fast the embedded sound tower hears

Written by `python bench/sound_tower.py`: {SECONDS:.0f} s of sound, front end included, in {len(times)} windows of
{joint.window_seconds:.2f} s end to end, on one thread; the best of {RUNS} runs.

Machine: {platform.machine()}, torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}.

| seconds | times real time | milliseconds a window |
|---:|---:|---:|
| {best:.2f} | {SECONDS / best:.0f} | {1000 * best / len(times):.0f} |
""")


if __name__ == "__main__":
    main()
