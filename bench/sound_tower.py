"""Measure how fast the embedded sound tower hears, on one thread.

    python bench/sound_tower.py

Writes docs/bench-sound.md. The network hears a sound once, however many frames ask; what it says is summed up for each step.
"""

from __future__ import annotations

import platform
import time
from pathlib import Path

import torch

from soundini.packs.loading import load_pack

SECONDS = 120.0
FRAME_RATE = 24
RUNS = 3


def main() -> None:
    torch.set_num_threads(1)
    joint = load_pack("embedded").joint
    waveform = 0.1 * torch.randn(
        round(SECONDS * joint.sample_rate), generator=torch.Generator().manual_seed(0)
    )
    times = torch.arange(0.5 / FRAME_RATE, SECONDS, 1 / FRAME_RATE)
    spent = []
    for _ in range(RUNS):
        began = time.perf_counter()
        joint.embed_sound(waveform, times)
        spent.append(time.perf_counter() - began)
    best = min(spent)
    Path("docs/bench-sound.md").write_text(f"""# How fast the embedded sound tower hears

Written by `python bench/sound_tower.py`: {SECONDS:.0f} s of sound, front end included, for {len(times)} frames, on
one thread; the best of {RUNS} runs.

Machine: {platform.machine()}, torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}.

| seconds | times real time |
|---:|---:|
| {best:.2f} | {SECONDS / best:.0f} |
""")


if __name__ == "__main__":
    main()
