"""The distance that LPIPS and its stand-in share: unit-normalised features, compared tap by tap."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.perceptual.protocol import PerceptualTarget

# Positions where every channel is 0 are usual after a ReLU; without it their gradient is NaN.
_TINY = 1e-20


class TapDistance(nn.Module):
    """Base of the distances of the form of LPIPS (Zhang et al., CVPR 2018, equation 1).

    ``d(a, b) = sum_k s_k mean_p w_k . (f_k(a)(p) - f_k(b)(p))^2``, where ``f_k`` is tap k divided
    by its norm over the channels. A subclass gives :meth:`features`; the frozen network must be its
    child module, so that it follows the device of the images.

    Args:
        channel_weights: One ``[1, C_k, 1, 1]`` a tap: the lins of LPIPS; or None: all ones.
        scales: ``s_k``, one a tap.
    """

    def __init__(self, channel_weights: Sequence[Tensor] | None, scales: Sequence[float]) -> None:
        super().__init__()
        self._scales = tuple(scales)
        self._weighted = channel_weights is not None
        for index, value in enumerate(channel_weights or ()):
            self.register_buffer(f"lin{index}", value)

    def features(self, x: Tensor) -> list[Tensor]:
        """Compute the features compared; see :class:`PerceptualDistance`."""
        raise NotImplementedError

    @torch.no_grad()
    def prepare(self, b: Tensor) -> PerceptualTarget:
        """Compute what the distance needs of fixed images; see :class:`PerceptualDistance`."""
        return PerceptualTarget(tuple(self._unit_taps(b)), _size(b))

    def distance_to(
        self, target: PerceptualTarget, a: Tensor, weight: Tensor | None = None
    ) -> Tensor:
        """Compute the distance to a prepared target; see :class:`PerceptualDistance`."""
        if len(target) != a.shape[0] or target.size != _size(a):
            raise ValueError(
                f"target of {len(target)} images {target.size}, images {tuple(a.shape)}"
            )
        total = torch.zeros(a.shape[0], device=a.device)
        for index, (tap, fixed) in enumerate(zip(self._unit_taps(a), target.taps, strict=True)):
            difference = (tap - fixed).square()
            if self._weighted:
                difference = difference * self.get_buffer(f"lin{index}")
            total = total + self._scales[index] * _mean(difference.sum(1, keepdim=True), weight)
        return total.to(a.dtype)

    def forward(self, a: Tensor, b: Tensor, weight: Tensor | None = None) -> Tensor:
        """Compute the distance pair by pair; see :class:`PerceptualDistance`."""
        return self.distance_to(self.prepare(b), a, weight)

    def _unit_taps(self, x: Tensor) -> list[Tensor]:
        parameter = next(self.parameters())
        if parameter.device != x.device:
            self.to(x.device)
        # float32 even under autocast: the squares of small differences need its range
        taps = [tap.float() for tap in self.features(x.to(parameter.dtype))]
        return [tap / (tap.square().sum(1, keepdim=True) + _TINY).sqrt() for tap in taps]


def _mean(distances: Tensor, weight: Tensor | None) -> Tensor:
    if weight is None:
        return distances.mean(dim=(1, 2, 3))
    share = F.interpolate(weight.to(distances.dtype), size=distances.shape[-2:], mode="area")
    share = share.expand_as(distances)
    total = share.sum(dim=(1, 2, 3))
    weighted = (distances * share).sum(dim=(1, 2, 3))
    return weighted / torch.where(total > 0, total, torch.ones_like(total))


def _size(x: Tensor) -> tuple[int, int]:
    return x.shape[-2], x.shape[-1]
