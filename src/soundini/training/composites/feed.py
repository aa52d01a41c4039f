"""Draws training batches in a thread, ahead of the steps that use them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping

import numpy as np

from soundini.training.composites.crops import CompositeBatch, CompositeCrops
from soundini.training.recipe import PriorRecipe

_AHEAD = 4


class BatchFeed:
    """Iterates over ``(step, batch)``; a batch depends on (seed, step) alone.

    Every batch has about as many pixels as ``recipe.batch`` crops of the smallest size.

    Args:
        crops: where batches come from.
        recipe: ``seed``, ``steps``, ``batch`` and the sizes.
        done: steps that are done already.
        multiple: the number of crops is a multiple of this, so that several processes can share them.
    """

    def __init__(
        self, crops: CompositeCrops, recipe: PriorRecipe, done: int, multiple: int = 1
    ) -> None:
        self._crops, self._recipe, self._done = crops, recipe, done
        self._multiple = multiple
        self._queue: queue.Queue[tuple[int, CompositeBatch] | Exception | None] = queue.Queue(
            _AHEAD
        )
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)

    def __enter__(self) -> BatchFeed:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def __iter__(self) -> Iterator[tuple[int, CompositeBatch]]:
        while (item := self._queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    def _draw(self) -> None:
        try:
            for step in range(self._done, self._recipe.steps):
                rng = np.random.default_rng((self._recipe.seed, step))
                size = pick_size(self._recipe, step, rng)
                count = self._recipe.batch * (min(self._recipe.sizes) / size) ** 2
                count = self._multiple * max(1, round(count / self._multiple))
                self._put((step, self._crops.batch(count, size, rng)))
                if self._stopped.is_set():
                    return
            self._put(None)
        except Exception as error:
            self._put(error)

    def _put(self, item: tuple[int, CompositeBatch] | Exception | None) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=0.1)
                return
            except queue.Full:
                continue


def pick_size(recipe: PriorRecipe, step: int, rng: np.random.Generator) -> int:
    """Side of a step's crops: by ``sizes``, in the last part of the run by ``late_sizes``."""
    late = step >= recipe.steps * (1 - recipe.late)
    shares: Mapping[int, float] = recipe.late_sizes if late else recipe.sizes
    weights = np.array(list(shares.values()))
    return list(shares)[rng.choice(len(weights), p=weights / weights.sum())]
