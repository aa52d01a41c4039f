"""The clip as points: where its pixels lie, what they show, and where the flow takes them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from soundini.flow.pairs import FlowPairs


@dataclass(frozen=True)
class PointBatch:
    """Pixels with their right and lower neighbours, and where the flow takes them in a neighbouring frame.

    Args:
        at: the pixels, their right neighbours, their lower neighbours: ``(x, y, t)``.
        moved: the pixels where the flow takes them.
        seen: 1 where the other frame shows what the pixel shows, in [0, 1].
        colours: of ``at``, in [-1, 1].
        mask: of ``at``, in [0, 1].

    Shape:
        ``at``: ``[3 N, 3]``; ``moved``: ``[N, 3]``; ``seen``: ``[N, 1]``; ``colours``: ``[3 N, 3]``; ``mask``: ``[3 N, 1]``.
    """

    at: Tensor
    moved: Tensor
    seen: Tensor
    colours: Tensor
    mask: Tensor


class ClipPoints:
    """A window's frames as points of [-1, 1]^3; x and y share one scale, by which the longer side is 2 long.

    Args:
        source: the frames in [-1, 1].
        mask: in [0, 1].
        pairs: flow between neighbours.

    Shape:
        ``source``: ``[T, 3, H, W]`` with H, W >= 2; ``mask``: ``[T, 1, H, W]``; ``pairs``: of ``T - 1`` pairs.
    """

    def __init__(self, source: Tensor, mask: Tensor, pairs: FlowPairs) -> None:
        self.frames, _, self.height, self.width = source.shape
        self.step = 2 / (max(self.height, self.width) - 1)
        self.step_t = 2 / max(self.frames - 1, 1)
        self._colours = source.permute(0, 2, 3, 1).reshape(-1, 3)
        self._mask = mask.reshape(-1, 1)
        still, unseen = (
            pairs.flow_fwd.new_zeros(1, 2, *source.shape[2:]),
            mask.new_zeros(1, *mask.shape[1:]),
        )
        # Of every frame, to the next and to the one before; what leaves the window is not seen.
        self._flow = torch.stack(
            [torch.cat([pairs.flow_fwd, still]), torch.cat([still, pairs.flow_bwd])]
        )
        self._seen = torch.stack(
            [torch.cat([pairs.visible_fwd, unseen]), torch.cat([unseen, pairs.visible_bwd])]
        )
        self._flow = self._flow.permute(0, 1, 3, 4, 2).reshape(2, -1, 2)
        self._seen = self._seen.reshape(2, -1, 1)

    def grid(self, frame: int) -> Tensor:
        """All pixels of a frame, row by row, ``[H W, 3]``."""
        numbers = torch.arange(self.height * self.width) + frame * self.height * self.width
        return self._points(numbers)

    def draw(self, count: int, generator: torch.Generator) -> PointBatch:
        """Draw pixels evenly, with replacement."""
        shape = (self.frames, self.height - 1, self.width - 1)
        frame, row, column = (torch.randint(n, (count,), generator=generator) for n in shape)
        here = (frame * self.height + row) * self.width + column
        onward = torch.randint(2, (count,), generator=generator)
        at = torch.cat([here, here + 1, here + self.width])
        points = self._points(at)
        moved = points[:count].clone()
        moved[:, :2] += self.step * self._flow[onward, here]
        moved[:, 2] += self.step_t * (1 - 2 * onward)
        return PointBatch(
            points, moved, self._seen[onward, here], self._colours[at], self._mask[at]
        )

    def _points(self, numbers: Tensor) -> Tensor:
        column = numbers % self.width
        row = numbers.div(self.width, rounding_mode="floor") % self.height
        frame = numbers.div(self.width * self.height, rounding_mode="floor")
        centred = [
            (column - (self.width - 1) / 2) * self.step,
            (row - (self.height - 1) / 2) * self.step,
            (frame - (self.frames - 1) / 2) * self.step_t,
        ]
        return torch.stack(centred, dim=1)
