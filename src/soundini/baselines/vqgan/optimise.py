"""Optimising the codes of frames until they look as a sound suggests: the loop of VQGAN+CLIP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.baselines.vqgan.network import VQGAN
from soundini.config.recipe import VqganClipConfig
from soundini.diffusion.noise import stable_seed
from soundini.diffusion.sampling import SamplingStep
from soundini.guidance.compose import WeightedTerm
from soundini.guidance.context import GuidanceContext

Terms = Callable[[Tensor], Sequence[WeightedTerm]]
"""Gives the guidance of some of the frames, by their rows in the window."""


@dataclass(frozen=True)
class CodedFrames:
    """Frames of a window whose codes are optimised.

    Args:
        indices: index of each frame in the video: its views depend on it.
        source: source frames in [-1, 1].
        mask: 1 = edit.
        strength: how far each frame is pulled, 0 (not at all: it stays the source) to 1.
        before: the edited frame before the first, or None.

    Shape:
        ``source``: ``[T, 3, H, W]``; ``mask``: ``[T, 1, H, W]``; ``strength``: ``[T]``; ``before``: ``[1, 3, H, W]``.
    """

    indices: tuple[int, ...]
    source: Tensor
    mask: Tensor
    strength: Tensor
    before: Tensor | None = None


def optimise_codes(
    vqgan: VQGAN,
    frames: CodedFrames,
    terms: Terms,
    config: VqganClipConfig,
    *,
    seed: int = 0,
    chunk: int = 0,
    dtype: torch.dtype | None = None,
) -> Iterator[SamplingStep]:
    """Move each frame's latents, by Adam and through the codes they stand for, down the gradient of its guidance.

    z <- z - strength · Adam(dL(decode(q(z))) / dz), where q takes the nearest codes and passes the gradient straight through
    (Crowson et al., arXiv 2204.08583, section 3). After each step latents are brought back to where codes are. What is decoded
    is laid into the source by the mask; a frame of strength 0 is the source and costs nothing.

    Args:
        vqgan: the image model, frozen.
        frames: the frames.
        terms: what guides them.
        config: settings; with ``init=previous`` one frame is done after the other, else ``chunk`` of them together.
        seed: with a frame's index, where its views come from.
        chunk: frames that are optimised together, 0 for all of the window.
        dtype: arithmetic of the VQGAN: None for float32, else autocast.

    Yields:
        A step each time that as many frames were evaluated as are audible: ``config.iterations`` of them. The last one's
        ``x`` holds the edited frames.
    """
    model = _Autocast(vqgan, frames.source.device, dtype)
    audible = torch.nonzero(frames.strength.cpu() > 0).flatten()
    one_by_one = config.init == "previous"
    together = 1 if one_by_one else chunk or len(audible)
    edited = frames.source.clone()
    carried: dict[int, Tensor] = {}
    if frames.before is not None and one_by_one:
        carried[-1] = model.encode(frames.before)
    evaluated = 0
    for rows in audible.split(max(1, together)):
        here = rows.to(frames.source.device)
        source, mask, strength = frames.source[here], frames.mask[here], frames.strength[here]
        before = carried.get(int(rows[0]) - 1)
        codes = _Codes(model, source, mask, strength, before, config.step)
        guidance = terms(rows)
        for iteration in range(config.iterations):
            key = stable_seed(seed, frames.indices[int(rows[0])], iteration)
            picture, figures = codes.improve(guidance, torch.Generator().manual_seed(key))
            edited[here] = picture if iteration + 1 < config.iterations else codes.picture()
            evaluated += len(rows)
            done, rest = divmod(evaluated, len(audible))
            if rest < len(rows):
                left = config.iterations - done
                shown = edited.clone(), edited.clone()
                yield SamplingStep(done - 1, config.iterations, left + 1, left, *shown, figures)
        carried = {int(rows[-1]): codes.z.detach()} if one_by_one else {}


class _Codes:
    """The latents of some frames, on their way from what the frames are to what their guidance asks for.

    Args:
        model: the image model.
        source: source frames.
        mask: 1 = edit.
        strength: how far each frame is pulled, 0 to 1.
        before: latents of the frame before, which are what the region starts from; None to start from the source.
        step: Adam's.

    Shape:
        ``source``: ``[B, 3, H, W]``; ``mask``: ``[B, 1, H, W]``; ``strength``: ``[B]``.
    """

    def __init__(
        self,
        model: _Autocast,
        source: Tensor,
        mask: Tensor,
        strength: Tensor,
        before: Tensor | None,
        step: float,
    ) -> None:
        self._model, self._source, self._mask = model, source, mask
        self._pull = strength.clamp(0, 1).view(-1, 1, 1, 1).to(source)
        z = model.encode(source)
        if before is not None:
            inside = F.adaptive_max_pool2d(mask, z.shape[-2:])
            z = model.vqgan.quantize.confine(z.lerp(before, self._pull * inside))
        self.z = z.detach().clone().requires_grad_()
        self._adam = torch.optim.Adam([self.z], step)

    def improve(
        self, guidance: Sequence[WeightedTerm], generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Go one step; returns the frames as they were before it, and the terms' figures."""
        z = self.z
        with torch.enable_grad():
            picture = self._laid()
            loss, figures = _loss(guidance, picture, generator)
            (z.grad,) = torch.autograd.grad(loss, z)
        start = z.detach().clone()
        self._adam.step()
        with torch.no_grad():
            z.copy_(self._model.vqgan.quantize.confine(start.lerp(z, self._pull)))
        return picture.detach(), figures

    @torch.no_grad()
    def picture(self) -> Tensor:
        """The frames as they are now."""
        return self._laid()

    def _laid(self) -> Tensor:
        codes = self._model.vqgan.straight_through(self.z)
        return self._source.lerp(self._model.decode(codes, self._source), self._mask)


@dataclass(frozen=True)
class _Autocast:
    """A VQGAN in some arithmetic, for frames of any side."""

    vqgan: VQGAN
    device: torch.device
    dtype: torch.dtype | None

    @torch.no_grad()
    def encode(self, frames: Tensor) -> Tensor:
        """Frames, repeated at the edge up to whole cells, to latents."""
        factor = self.vqgan.config.factor
        height, width = frames.shape[-2:]
        padded = F.pad(frames, (0, -width % factor, 0, -height % factor), mode="replicate")
        with self._arithmetic():
            return self.vqgan.encode(padded)

    def decode(self, codes: Tensor, like: Tensor) -> Tensor:
        """Codes to frames as large as others are."""
        with self._arithmetic():
            return self.vqgan.decode(codes)[..., : like.shape[-2], : like.shape[-1]]

    def _arithmetic(self) -> torch.autocast:
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None)


def _loss(
    guidance: Sequence[WeightedTerm], picture: Tensor, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """The weighted terms of some frames, summed over terms and frames, and each term's mean."""
    context = GuidanceContext(
        x=picture, pred_xstart=picture, x_in=picture, t=0, num_timesteps=1, generator=generator
    )
    total, figures = picture.new_zeros(()), {}
    for weighted in guidance:
        loss = weighted.term(context)
        figures[weighted.term.name] = loss.detach().mean()
        total = total + weighted.weight * loss.sum()
    return total, figures
