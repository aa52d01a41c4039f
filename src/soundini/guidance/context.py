"""The view that a guidance term has of a sampling step."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import torch
from torch import Tensor

Value = TypeVar("Value")


@dataclass
class GuidanceContext:
    """One sampling step as guidance sees it. Gradients are taken with respect to ``x`` and ``pred_xstart``.

    Args:
        x: noisy frames x_t.
        pred_xstart: predicted clean frames.
        x_in: sqrt(1 - abar) pred_xstart + (1 - sqrt(1 - abar)) x_t, what the image encoder sees.
        t: timestep.
        num_timesteps: T.
        generator: source of this step's augmentations.

    Shape:
        ``x``, ``pred_xstart``, ``x_in``: ``[T, 3, H, W]``.
    """

    x: Tensor
    pred_xstart: Tensor
    x_in: Tensor
    t: int
    num_timesteps: int
    generator: torch.Generator
    _memo: dict[int, object] = field(default_factory=dict)

    @property
    def progress(self) -> float:
        """(T - t) / T: 0 at pure noise, 1 at the clean image."""
        return (self.num_timesteps - self.t) / self.num_timesteps

    def once(self, owner: object, compute: Callable[[], Value]) -> Value:
        """Compute a value that several terms share, such as the image embeddings, once in a step."""
        key = id(owner)
        if key not in self._memo:
            self._memo[key] = compute()
        return self._memo[key]  # type: ignore[return-value]


class GuidanceTerm(Protocol):
    """A loss on the frames of a window: small, differentiable, and independent of the other terms."""

    name: str

    def __call__(self, context: GuidanceContext) -> Tensor:
        """The loss of each frame, ``[T]``; zero where the term does not apply."""
        ...
