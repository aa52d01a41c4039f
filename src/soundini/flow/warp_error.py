"""The warp error: the usual figure for temporal coherence."""

import torch
from torch import Tensor

from soundini.flow.pairs import FlowPairs
from soundini.flow.warp import warp


def warp_error(
    frames: Tensor,
    pairs: FlowPairs,
    mask: Tensor | None = None,
    effect: FlowPairs | None = None,
) -> Tensor:
    """Measure how much each frame differs from its neighbour warped onto it.

    For pair i: ``mean |x_{i+1}(p + flow_fwd(p)) - x_i(p)|`` over the visible pixels p of frame i,
    and likewise backwards over those of frame i+1; the two are averaged (a direction in which
    nothing is visible is left out). After Lai et al., ECCV 2018, both ways and with the L1 norm.

    To compare an edit with its source, take the pairs of the SOURCE for both: ``warp_error(edited,
    pairs)`` against ``warp_error(source, pairs)``. The source's own figure is what sensor noise,
    blur and the flow's errors cost; an edit near it flickers no more than the source did.

    Args:
        frames: Frames in [-1, 1]; the error is in the same units, 0 to 2.
        pairs: Flows and visibilities of a window of the same length and size.
        mask: Restrict the figure to where it is 1, weighted by its values in [0, 1]. None: the
            whole frame.
        effect: Flow of an effect that moves otherwise than the scene. Each pixel then counts by the motion that it fits
            better, where both can be seen.

    Returns:
        One error a pair; 0 where nothing is visible in either direction (see
        :func:`visible_share`).

    Shape:
        - ``frames``: ``[T, 3, H, W]``
        - ``mask``: ``[T, 1, H, W]``
        - output: ``[T-1]``
    """
    before, after = frames[:-1], frames[1:]
    weight_fwd, weight_bwd = _weights(pairs, mask)
    error_fwd = (warp(after, pairs.flow_fwd) - before).abs().mean(dim=1, keepdim=True)
    error_bwd = (warp(before, pairs.flow_bwd) - after).abs().mean(dim=1, keepdim=True)
    if effect is not None:
        moved_fwd = (warp(after, effect.flow_fwd) - before).abs().mean(dim=1, keepdim=True)
        moved_bwd = (warp(before, effect.flow_bwd) - after).abs().mean(dim=1, keepdim=True)
        error_fwd = torch.where(
            effect.visible_fwd > 0.5, torch.minimum(error_fwd, moved_fwd), error_fwd
        )
        error_bwd = torch.where(
            effect.visible_bwd > 0.5, torch.minimum(error_bwd, moved_bwd), error_bwd
        )
    mean_fwd, some_fwd = _weighted_mean(error_fwd, weight_fwd)
    mean_bwd, some_bwd = _weighted_mean(error_bwd, weight_bwd)
    return (mean_fwd + mean_bwd) / (some_fwd + some_bwd).clamp(min=1)


def visible_share(pairs: FlowPairs, mask: Tensor | None = None) -> Tensor:
    """Share of the (masked) pixels that :func:`warp_error` could compare, both directions averaged.

    Args:
        pairs: Flows and visibilities of a window.
        mask: As for :func:`warp_error`.

    Returns:
        A share in [0, 1] a pair; 0 also where the mask is empty.

    Shape:
        - ``mask``: ``[T, 1, H, W]``
        - output: ``[T-1]``
    """
    weight_fwd, weight_bwd = _weights(pairs, mask)
    if mask is None:
        return (weight_fwd + weight_bwd).mean(dim=(1, 2, 3)) / 2
    area = (mask[:-1] + mask[1:]).sum(dim=(1, 2, 3))
    return (weight_fwd + weight_bwd).sum(dim=(1, 2, 3)) / area.clamp(min=1e-6)


def _weights(pairs: FlowPairs, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    if mask is None:
        return pairs.visible_fwd, pairs.visible_bwd
    return pairs.visible_fwd * mask[:-1], pairs.visible_bwd * mask[1:]


def _weighted_mean(values: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Average each item (0 for one without weight), and tell which have weight (1 or 0)."""
    total = weight.sum(dim=(1, 2, 3))
    some = (total > 0).to(values.dtype)
    # where, not a product: an untrusted flow may have sampled something that is not finite
    weighted = torch.where(weight > 0, values * weight, torch.zeros_like(values))
    return weighted.sum(dim=(1, 2, 3)) / torch.where(total > 0, total, torch.ones_like(total)), some
