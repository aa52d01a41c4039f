"""What soundini asks of a perceptual distance."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor


@dataclass(frozen=True)
class PerceptualTarget:
    """The fixed side of a distance, prepared once. Opaque: only the distance that made it reads it.

    Attributes:
        taps: Unit-normalised features, ``[B, C_k, H_k, W_k]`` each.
        size: ``(height, width)`` of the images they came from.
    """

    taps: tuple[Tensor, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        """Return the number of images prepared."""
        return self.taps[0].shape[0]

    def __getitem__(self, images: slice) -> "PerceptualTarget":
        """Return the target of a range of the images, without copying."""
        return PerceptualTarget(tuple(tap[images] for tap in self.taps), self.size)

    def to(self, device: torch.device | str) -> "PerceptualTarget":
        """Return the same target on another device."""
        return PerceptualTarget(tuple(tap.to(device) for tap in self.taps), self.size)


@runtime_checkable
class PerceptualDistance(Protocol):
    """Compares images by the features of a network; 0 for equal images, differentiable.

    A guidance term compares every predicted frame with the same source frame at every step:
    :meth:`prepare` the source once, then call :meth:`distance_to`.
    """

    @property
    def name(self) -> str:
        """Short name for recipes and reports."""
        ...

    def features(self, x: Tensor) -> list[Tensor]:
        """Compute the features compared, from fine to coarse, before normalisation.

        Shape:
            - ``x``: ``[B, 3, H, W]`` in [-1, 1]
            - output: ``[B, C_k, H_k, W_k]`` each
        """
        ...

    def prepare(self, b: Tensor) -> PerceptualTarget:
        """Compute what the distance needs of fixed images ``b`` (``[B, 3, H, W]``), no gradient."""
        ...

    def distance_to(
        self, target: PerceptualTarget, a: Tensor, weight: Tensor | None = None
    ) -> Tensor:
        """Compute the distance of ``a`` to a prepared target; see :meth:`__call__`."""
        ...

    def __call__(self, a: Tensor, b: Tensor, weight: Tensor | None = None) -> Tensor:
        """Compute the distance between the images of two batches, pair by pair.

        ``weight`` averages the maps of distances instead of the pixels: what lies where it is 0
        still acts on its surroundings, as far as the network sees. To be blind to a region, blank
        it in both images as well (``a * weight``, ``b * weight``), as the paper's background loss
        does.

        Args:
            a: Images in [-1, 1]; gradients reach them.
            b: Images in [-1, 1]; no gradient.
            weight: Where to compare, in [0, 1], brought to the size of each map by area; for a
                background, ``1 - mask``. None: everywhere. Where it is 0 throughout, the distance
                is 0.

        Shape:
            - ``a``, ``b``: ``[B, 3, H, W]``
            - ``weight``: ``[B, 1, H, W]``, or ``[1, 1, H, W]`` for all
            - output: ``[B]``
        """
        ...
