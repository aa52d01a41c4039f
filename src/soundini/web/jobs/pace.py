"""Estimates how long an edit takes on this machine, from a first test of the network and from finished edits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from soundini.config.recipe import Recipe
    from soundini.packs.pack import ModelPack

_FEWEST = 8
"""Least frames of an edit that is measured: with fewer, most of the time is reading and writing."""


class Pace:
    """Seconds a frame, by the settings that matter for it.

    An earlier edit with the same settings is the best estimate; else one with others, scaled by steps and pixels.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frame_seconds: dict[str, float] = {}
        self._unit: float | None = None

    def calibrate(self, pack: ModelPack) -> None:
        """Time the network on small squares: a first guess, before any edit was measured.

        Guidance adds about a third, and a region is a third smaller than its square.
        """
        from soundini.editing.cost import time_network

        seconds, side = time_network(pack.denoiser)
        with self._lock:
            if self._unit is None:
                self._unit = seconds / side**2

    def learn(self, recipe: Recipe, frames: int, seconds: float) -> None:
        """Record an edit that was not interrupted.

        Args:
            recipe: its settings.
            frames: how many it edited.
            seconds: how long it took, reading and writing included.
        """
        if frames < _FEWEST:
            return
        with self._lock:
            self._frame_seconds[_key(recipe)] = seconds / frames
            self._unit = seconds / frames / _work(recipe)

    def seconds(self, recipe: Recipe, frames: int) -> float | None:
        """Estimate how long an edit takes, in seconds; None before anything is measured.

        Args:
            recipe: its settings.
            frames: how many are edited.
        """
        with self._lock:
            each = self._frame_seconds.get(_key(recipe))
            if each is None and self._unit is not None:
                each = self._unit * _work(recipe)
        return None if each is None else each * frames


def _work(recipe: Recipe) -> float:
    """Cost of a frame: pixels that pass the network, over all steps."""
    window = recipe.window
    overlapped = window.frames / max(1, window.frames - window.overlap)
    steps = recipe.sampling.steps * recipe.sampling.repeats
    if recipe.method == "blended-diffusion":
        steps *= recipe.blended.candidates
    elif recipe.method == "vqgan-clip":
        steps = recipe.vqgan.iterations
    return steps * recipe.region.size**2 * overlapped / window.stride


def _key(recipe: Recipe) -> str:
    """The settings that decide the cost."""
    plain = recipe.guidance.model_copy(update={"strength": 1.0})
    sections = (recipe.method, recipe.sampling, recipe.window, plain, recipe.region.size)
    return repr(sections)
