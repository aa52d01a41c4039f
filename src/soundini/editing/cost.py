"""Estimates the cost of an edit from a few steps of it."""

import time
from dataclasses import dataclass, replace

import torch

from soundini.diffusion.denoiser import UNetDenoiser
from soundini.editing.keyframes import heard_keyframes
from soundini.editing.memory import MemoryModel, fit_windows, model_memory, watch_peak
from soundini.editing.methods import METHODS, evaluations, fit_steps, with_fit_steps
from soundini.editing.prepared import PreparedEdit
from soundini.editing.stills import pick_neighbours
from soundini.events import FitStepDone, StepDone

_MIB = 2**20
_SIDE, _FRAMES = 96, 4
"""Pictures that the network is timed on."""
_STEPS = 2
"""The first step also warms up caches; the second is the one that counts."""


def time_network(denoiser: UNetDenoiser) -> tuple[float, int]:
    """Time the network without guidance, which adds about a third.

    Returns:
        Seconds that a picture takes at best, and the side of its square in pixels.
    """
    device = next(denoiser.parameters()).device
    side = -(-_SIDE // denoiser.stride) * denoiser.stride
    frames = torch.zeros(_FRAMES, 3, side, side, device=device)
    spent = []
    with torch.no_grad():
        for _ in range(3):
            began = time.perf_counter()
            float(denoiser.output(frames, 500).sum())  # reading it waits for the device
            spent.append(time.perf_counter() - began)
    return min(spent) / _FRAMES, side


@dataclass(frozen=True)
class Cost:
    """The expected cost of an edit.

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

    Silent frames, frames between keyframes and windows without a mask need none; a picture that serves a whole window counts
    once.
    """
    recipe = edit.request.recipe
    steps = evaluations(recipe, edit.pack)
    return steps * sum(METHODS[recipe.method].pictures(heard) for heard in _sampled_frames(edit))


def _sampled_frames(edit: PreparedEdit) -> list[int]:
    """How many frames are sampled, for each window with a mask."""
    windows = [w for w in edit.windows if w.box is not None]
    return [heard_keyframes(w, edit.track.strength[w.start : w.stop]) for w in windows]


def estimate(edit: PreparedEdit) -> Cost:
    """Measure steps of a few frames and extrapolate.

    The figures hold for guided steps; unguided ones are cheaper, so the time is rather too high.
    """
    recipe = edit.request.recipe
    model, taken = _measure(edit)
    longest = max(len(w.sampled) for w in edit.windows)
    passes = count_evaluations(edit)
    fits = fit_steps(recipe) * sum(heard > 0 for heard in _sampled_frames(edit))
    memory = model.peak(longest, recipe.compute.frames_at_once)
    return Cost(passes, taken.step * passes + taken.fit_step * fits, round(memory / _MIB))


def fit_to_memory(edit: PreparedEdit) -> PreparedEdit:
    """Plan an edit anew so that it fits into its ``compute.memory``.

    What was chosen takes the place of ``compute.memory`` in the recipe: measured anew, it might come out otherwise, and the
    same recipe must give the same bytes.

    Raises:
        ConfigError: even the shortest windows do not fit.
    """
    model, _ = _measure(edit)
    return edit.planned(fit_windows(edit.request.recipe, model))


@dataclass(frozen=True)
class _Seconds:
    """Wall time of a step of one picture, and of a step of the fit; 0 where the method fits nothing."""

    step: float = 0.0
    fit_step: float = 0.0


def _measure(edit: PreparedEdit) -> tuple[MemoryModel, _Seconds]:
    """The memory of windows, and the time of a step."""
    taken = _Seconds()

    def peak_of(count: int, chunk: int) -> float:
        nonlocal taken
        peak = watch_peak()
        spent = _step(edit, count, chunk)
        if chunk == count:  # an edit passes whole batches by default
            sampled = METHODS[edit.request.recipe.method].pictures(count)
            taken = replace(spent, step=spent.step / sampled)
        return peak()

    longest = max(len(w.sampled) for w in edit.windows)
    model = model_memory(peak_of, longest, (edit.info.height, edit.info.width))
    return model, taken


def _step(edit: PreparedEdit, count: int, chunk: int) -> _Seconds:
    """Seconds of a step of ``count`` sampled frames, ``chunk`` at once."""
    picked = pick_neighbours(edit, count, chunk)
    quick = replace(picked, recipe=with_fit_steps(picked.recipe, _STEPS))
    done = 0
    began = time.perf_counter()
    taken = _Seconds()
    for event in quick.events():
        spent = time.perf_counter() - began
        if isinstance(event, FitStepDone):
            taken = replace(taken, fit_step=spent)
        elif isinstance(event, StepDone):
            done += 1
            taken = replace(taken, step=spent)
            if done == min(_STEPS, event.total):
                break
        began = time.perf_counter()
    return taken
