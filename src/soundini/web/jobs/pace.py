"""What an edit will cost on this machine: measured once when the models are loaded, and again by every edit."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from soundini.config.recipe import Recipe
    from soundini.packs.pack import ModelPack

_FEWEST = 8
"""Frames that an edit must have to be measured by: of fewer, most of the time is reading and writing."""


class Pace:
    """Seconds for a frame, by the settings that cost.

    Edits that were measured with the same settings tell best; else those with others, scaled by steps and pixels.
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
        """Take note of an edit that was done in one go.

        Args:
            recipe: its settings.
            frames: how many it edited.
            seconds: that it took, from reading to writing.
        """
        if frames < _FEWEST:
            return
        with self._lock:
            self._frame_seconds[_key(recipe)] = seconds / frames
            self._unit = seconds / frames / _work(recipe)

    def seconds(self, recipe: Recipe, frames: int) -> float | None:
        """About how long an edit takes; None while nothing is measured.

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
    """What a frame costs in pixels that pass the network."""
    window = recipe.window
    overlapped = window.frames / max(1, window.frames - window.overlap)
    steps = recipe.sampling.steps * recipe.sampling.repeats
    if recipe.method == "blended-diffusion":
        steps *= recipe.blended.candidates
    elif recipe.method == "vqgan-clip":
        steps = recipe.vqgan.iterations
    return steps * recipe.region.size**2 * overlapped / window.stride


def _key(recipe: Recipe) -> str:
    """The settings that cost; a seed costs nothing."""
    plain = recipe.guidance.model_copy(update={"strength": 1.0})
    sections = (recipe.method, recipe.sampling, recipe.window, plain, recipe.region.size)
    return repr(sections)
