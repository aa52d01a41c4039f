"""What an edit will cost, from a few steps of it."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass, replace

import torch

from soundini.cli.stills import pick_neighbours
from soundini.config.presets import override
from soundini.editing.files import PreparedEdit
from soundini.editing.methods import evaluations, pictures
from soundini.events import FitStepDone, StepDone

_MIB = 2**20
_STEPS = 2
"""The first step also warms up caches; the second is the one that counts."""


@dataclass(frozen=True)
class Cost:
    """What an edit is expected to take.

    Args:
        evaluations: passes of one frame through the network.
        seconds: wall time of the sampling, and of fits before it.
        memory: peak in MiB, of the process (or of the GPU where it runs there).
    """

    evaluations: int
    seconds: float
    memory: int


def count_evaluations(edit: PreparedEdit) -> int:
    """Count the passes of one frame through the network.

    Silent frames and frames without a mask need none; a picture that serves a whole window counts once.
    """
    recipe, schedule = edit.request.recipe, edit.pack.denoiser.schedule
    steps = evaluations(recipe, schedule.num_timesteps)
    return steps * sum(pictures(recipe, heard) for heard in _heard_frames(edit))


def estimate(edit: PreparedEdit) -> Cost:
    """Measure a step of one frame, then of three, and take it from there.

    The figures hold for guided steps; unguided ones are cheaper, so the time is rather too high.
    """
    recipe = edit.request.recipe
    longest = max(len(w) for w in edit.windows)
    counts = (1, min(3, longest))
    first, last = (_measure(edit, n) for n in counts)
    passes = count_evaluations(edit)
    growth = max(0.0, (last.peak - first.peak) / max(1, counts[1] - counts[0]))
    memory = last.peak + growth * (longest - counts[1])
    fits = recipe.atlases.steps * sum(heard > 0 for heard in _heard_frames(edit))
    seconds = last.step / pictures(recipe, counts[1]) * passes + last.fit_step * fits
    return Cost(passes, seconds, round(memory / _MIB))


def _heard_frames(edit: PreparedEdit) -> list[int]:
    """How many frames something is heard in, for each window with a mask."""
    windows = [w for w in edit.windows if w.box is not None]
    return [int((edit.track.strength[w.start : w.stop] > 0).sum()) for w in windows]


@dataclass(frozen=True)
class _Measured:
    """Seconds of a step, of a step of the fit (0 where the method fits nothing), and the peak memory in bytes until then."""

    step: float
    fit_step: float
    peak: int


def _measure(edit: PreparedEdit, count: int) -> _Measured:
    """Measure a step of ``count`` frames."""
    picked = pick_neighbours(edit, count)
    quick = replace(picked, recipe=override(picked.recipe, [f"atlases.steps={_STEPS}"]))
    done = 0
    began = spent = fitted = 0.0
    for event in quick.events():
        now = time.perf_counter()
        if isinstance(event, FitStepDone):
            fitted = now - began
        elif isinstance(event, StepDone):
            done += 1
            spent = now - began
            if done == min(_STEPS, event.total):
                break
        began = time.perf_counter()
    return _Measured(spent, fitted, _peak_bytes())


def _peak_bytes() -> int:
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
