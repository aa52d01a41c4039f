"""The flows between neighbouring frames of a window, and where they can be trusted."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.flow.protocol import EstimatesNeighbours, FlowEstimator
from soundini.flow.warp import occlusion, resize_flow


@dataclass(frozen=True)
class FlowPairs:
    """Flows and visibility between neighbours of a window of T frames.

    Attributes:
        flow_fwd: Flow from frame i to frame i+1 in pixels, on the grid of frame i.
        flow_bwd: Flow from frame i+1 to frame i in pixels, on the grid of frame i+1.
        visible_fwd: 1 where a pixel of frame i is seen in frame i+1, else 0.
        visible_bwd: 1 where a pixel of frame i+1 is seen in frame i, else 0.

    Shape:
        - flows: ``[T-1, 2, H, W]``
        - visibilities: ``[T-1, 1, H, W]``, in [0, 1]
    """

    flow_fwd: Tensor
    flow_bwd: Tensor
    visible_fwd: Tensor
    visible_bwd: Tensor

    def __len__(self) -> int:
        """Return the number of neighbouring pairs, T-1."""
        return self.flow_fwd.shape[0]

    def window(self, start: int, stop: int) -> "FlowPairs":
        """Return the pairs among frames ``start`` to ``stop - 1`` of this window."""
        picked = slice(start, max(stop - 1, start))
        return FlowPairs(*(field[picked] for field in self._fields()))

    def followed_by(self, later: "FlowPairs") -> "FlowPairs":
        """Return these pairs and then others, of the same size."""
        fields = zip(self._fields(), later._fields(), strict=True)
        return FlowPairs(*(torch.cat(both) for both in fields))

    def detach(self) -> "FlowPairs":
        """Return the same values, cut from the graph."""
        return FlowPairs(*(field.detach() for field in self._fields()))

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> "FlowPairs":
        """Return the same values on another device or in another dtype."""
        return FlowPairs(*(field.to(device=device, dtype=dtype) for field in self._fields()))

    def resize(self, size: tuple[int, int]) -> "FlowPairs":
        """Return the same motion on a ``(height, width)`` grid, visibilities as shares of area."""
        return FlowPairs(
            resize_flow(self.flow_fwd, size),
            resize_flow(self.flow_bwd, size),
            _resize_share(self.visible_fwd, size),
            _resize_share(self.visible_bwd, size),
        )

    def _fields(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.flow_fwd, self.flow_bwd, self.visible_fwd, self.visible_bwd


def estimate_pairs(frames: Tensor, estimator: FlowEstimator, batch_size: int = 4) -> FlowPairs:
    """Estimate the flow both ways between all neighbours of a window.

    Gradients reach ``frames`` through the flows if the estimator is differentiable; the
    visibilities carry none.

    Args:
        frames: Frames in [-1, 1].
        estimator: Who estimates the flow.
        batch_size: Pairs estimated at once, at least 1: more is faster and takes more memory.

    Shape:
        - ``frames``: ``[T, 3, H, W]``, T >= 1; one frame has no pairs
    """
    before, after = frames[:-1], frames[1:]
    if isinstance(estimator, EstimatesNeighbours) and len(before):
        flow_fwd, flow_bwd = estimator.between_neighbours(frames, batch_size)
    else:
        flow_fwd = _estimate(before, after, estimator, batch_size)
        flow_bwd = _estimate(after, before, estimator, batch_size)
    return FlowPairs(
        flow_fwd,
        flow_bwd,
        1 - occlusion(flow_fwd, flow_bwd),
        1 - occlusion(flow_bwd, flow_fwd),
    )


def _estimate(source: Tensor, target: Tensor, estimator: FlowEstimator, batch_size: int) -> Tensor:
    if source.shape[0] == 0:
        return source.new_zeros(0, 2, *source.shape[-2:])
    batches = zip(source.split(batch_size), target.split(batch_size), strict=True)
    return torch.cat([estimator(a, b) for a, b in batches])


def _resize_share(share: Tensor, size: tuple[int, int]) -> Tensor:
    if share.shape[0] == 0:
        return share.new_zeros(0, 1, *size)
    return F.interpolate(share.float(), size=size, mode="area").to(share.dtype)
