"""The protocol of an optical-flow estimator."""

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class FlowEstimator(Protocol):
    """Estimates the motion from one batch of frames to another.

    An estimator with ``differentiable = False`` returns a flow without gradient: a guidance term
    must then estimate it once, on the source, instead of on the predicted clean frames.
    """

    @property
    def differentiable(self) -> bool:
        """Whether gradients reach the frames through the flow."""
        ...

    def __call__(self, frames_a: Tensor, frames_b: Tensor) -> Tensor:
        """Estimate the flow from ``frames_a`` to ``frames_b``.

        Args:
            frames_a: Frames in [-1, 1].
            frames_b: Frames in [-1, 1], of the same size, device and dtype.

        Returns:
            The flow in pixels, on the device and in the dtype of ``frames_a``:
            pixel p of ``frames_a[k]`` is at ``p + flow[k](p)`` in ``frames_b[k]``.

        Shape:
            - ``frames_a``, ``frames_b``: ``[B, 3, H, W]``
            - output: ``[B, 2, H, W]``
        """
        ...


@runtime_checkable
class EstimatesNeighbours(Protocol):
    """An estimator that finds the flow between all neighbours of a window with less work than pair by pair."""

    def between_neighbours(self, frames: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        """Estimate the flow both ways between all neighbours.

        Args:
            frames: Two or more, in [-1, 1].
            batch_size: Pairs estimated at once, at least 1.

        Returns:
            The flow of each frame to the next, and of each next one back.

        Shape:
            - ``frames``: ``[T, 3, H, W]``
            - output: twice ``[T-1, 2, H, W]``
        """
        ...
