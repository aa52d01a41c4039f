"""What an edit will cost, from a few steps of it."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass

import torch

from soundini.cli.stills import pick_neighbours
from soundini.editing.files import PreparedEdit
from soundini.editing.methods import evaluations
from soundini.events import StepDone

_MIB = 2**20
_STEPS = 2
"""The first step also warms up caches; the second is the one that counts."""


@dataclass(frozen=True)
class Cost:
    """What an edit is expected to take.

    Args:
        evaluations: passes of one frame through the network.
        seconds: wall time of the sampling.
        memory: peak in MiB, of the process (or of the GPU where it runs there).
    """

    evaluations: int
    seconds: float
    memory: int


def count_evaluations(edit: PreparedEdit) -> int:
    """Count the passes of one frame through the network.

    Silent frames and frames without a mask need none.
    """
    recipe, schedule = edit.request.recipe, edit.pack.denoiser.schedule
    steps = evaluations(recipe, schedule.num_timesteps)
    windows = [w for w in edit.windows if w.box is not None]
    return steps * sum(int((edit.track.strength[w.start : w.stop] > 0).sum()) for w in windows)


def estimate(edit: PreparedEdit) -> Cost:
    """Measure a step of one frame, then of three, and take it from there.

    The figures hold for guided steps; unguided ones are cheaper, so the time is rather too high.
    """
    longest = max(len(w) for w in edit.windows)
    counts = (1, min(3, longest))
    seconds, peaks = zip(*(_measure(edit, n) for n in counts), strict=True)
    evaluations = count_evaluations(edit)
    growth = max(0.0, (peaks[1] - peaks[0]) / max(1, counts[1] - counts[0]))
    memory = peaks[1] + growth * (longest - counts[1])
    return Cost(evaluations, seconds[1] / counts[1] * evaluations, round(memory / _MIB))


def _measure(edit: PreparedEdit, count: int) -> tuple[float, int]:
    """Seconds of a step of ``count`` frames, and the peak memory in bytes until then."""
    events = pick_neighbours(edit, count).events()
    done = 0
    began = spent = 0.0
    for event in events:
        if isinstance(event, StepDone):
            done += 1
            spent = time.perf_counter() - began
            if done == min(_STEPS, event.total):
                break
            began = time.perf_counter()
    return spent, _peak_bytes()


def _peak_bytes() -> int:
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
