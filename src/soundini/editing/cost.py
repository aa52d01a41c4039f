"""What an edit will cost, from a few steps of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from soundini.editing.memory import MemoryModel, fit_windows, model_memory, watch_peak
from soundini.editing.methods import evaluations
from soundini.editing.prepared import PreparedEdit
from soundini.editing.stills import pick_neighbours
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
    """Measure steps of a few frames, and take it from there.

    The figures hold for guided steps; unguided ones are cheaper, so the time is rather too high.
    """
    model, seconds = _measure(edit)
    longest = max(len(w) for w in edit.windows)
    evaluations = count_evaluations(edit)
    memory = model.peak(longest, edit.request.recipe.compute.chunk)
    return Cost(evaluations, seconds * evaluations, round(memory / _MIB))


def fit_to_memory(edit: PreparedEdit) -> PreparedEdit:
    """Plan an edit anew so that it fits into its ``compute.memory``.

    What was chosen takes the place of ``compute.memory`` in the recipe: measured anew, it might come out otherwise, and the
    same recipe must give the same bytes.

    Raises:
        ConfigError: even the shortest windows do not fit.
    """
    model, _ = _measure(edit)
    return edit.planned(fit_windows(edit.request.recipe, model))


def _measure(edit: PreparedEdit) -> tuple[MemoryModel, float]:
    """What windows take, and the seconds of a step of one frame."""
    seconds = 0.0

    def peak_of(count: int, chunk: int) -> float:
        nonlocal seconds
        peak = watch_peak()
        spent = _step(edit, count, chunk)
        if chunk == count:  # whole batches are what an edit does, unless it is told otherwise
            seconds = spent / count
        return peak()

    longest = max(len(w) for w in edit.windows)
    model = model_memory(peak_of, longest, (edit.info.height, edit.info.width))
    return model, seconds


def _step(edit: PreparedEdit, count: int, chunk: int) -> float:
    """Seconds of a step of ``count`` frames, ``chunk`` at once."""
    done = 0
    began = spent = 0.0
    for event in pick_neighbours(edit, count, chunk).events():
        if isinstance(event, StepDone):
            done += 1
            spent = time.perf_counter() - began
            if done == min(_STEPS, event.total):
                break
            began = time.perf_counter()
    return spent
