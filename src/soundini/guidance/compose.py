"""Guidance as composition: a denoiser and a list of weighted terms in, a guided denoiser out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from soundini.diffusion.denoiser import ClassLabel, Prediction, UNetDenoiser
from soundini.diffusion.noise import stable_seed
from soundini.diffusion.secondary import SecondaryDenoiser
from soundini.guidance.context import GuidanceContext, GuidanceTerm

GradientMode = Literal["exact", "fast", "secondary"]
Rule = Literal["normalised", "paper"]


@dataclass(frozen=True)
class WeightedTerm:
    """A term and its lambda."""

    weight: float
    term: GuidanceTerm


@dataclass(frozen=True)
class HeldFrames:
    """Frames that stay as they are; they cost no network evaluation.

    Args:
        x_start: what the held frames are.
        free: which frames are not held; on the CPU, so that asking does not wait for the device.

    Shape:
        ``x_start``: ``[T, 3, H, W]``; ``free``: ``[T]``, boolean.
    """

    x_start: Tensor
    free: Tensor


@dataclass
class GuidedDenoiser:
    """Adds the gradient of the terms' weighted sum to the denoiser's prediction, as ``Prediction.score_shift``.

    One network forward a step, and in ``exact`` mode one backward. In ``fast`` mode the network's output is held fixed
    when the gradient is taken, which costs no backward through the network. In ``secondary`` mode a small denoiser estimates
    the clean frames that the terms see, and the gradient runs through it; the network only says where the step goes.

    Rules:
        ``paper``: shift = -grad L, so an ancestral sampler's mean moves by variance · grad (Dhariwal & Nichol 2021).
        ``normalised``: shift = -s / sqrt(1 - abar) · g / rms(g), so eps moves by ``strength`` in units of its own
        standard deviation, whatever the model, the resolution and the lambdas' common factor.

    Args:
        denoiser: the unguided denoiser.
        terms: weighted terms; a weight of zero is never computed.
        strength: ``normalised`` rule: how far eps is moved, 0 (not at all) to 1, one number or one for each frame.
        rule: how the gradient enters.
        gradient: ``exact`` (through the network), ``fast`` or ``secondary``.
        guide_from: noisiest timestep that is guided.
        guide_until: least noisy timestep that is guided; below it the prior cleans up.
        clamp: largest |g| / rms(g) of a pixel.
        roi: where rms(g) is measured; ``[T, 1, H, W]``.
        chunk: frames that pass the network at once, 0 for all; with ``exact``, smaller chunks recompute their forward.
        seed: where the terms' random choices come from.
        held: frames that stay the source, or None.
        class_label: for a class-conditional denoiser, see :meth:`UNetDenoiser.class_labels`.
        condition: embedding of each frame for a denoiser that takes them, ``[T, D]``, or None.
        seen: source and mask for a denoiser that sees them, from :func:`soundini.diffusion.denoiser.seen_channels`; None
            withholds them.
        smooth: applied to the gradient before its length is set, such as an average along the flow: frames of one scene
            are then pulled the same way. None leaves it as it is.
        calls: steps done before: the terms' random choices are named by the number of the step.
        secondary: the small denoiser of ``secondary`` mode.
    """

    denoiser: UNetDenoiser
    terms: Sequence[WeightedTerm]
    strength: Tensor | float = 1.0
    rule: Rule = "normalised"
    gradient: GradientMode = "exact"
    guide_from: int = 10**9
    guide_until: int = 0
    clamp: float = 4.0
    roi: Tensor | None = None
    chunk: int = 0
    seed: int = 0
    held: HeldFrames | None = None
    class_label: ClassLabel = "random"
    condition: Tensor | None = None
    seen: Tensor | None = None
    smooth: Callable[[Tensor], Tensor] | None = None
    calls: int = 0
    secondary: SecondaryDenoiser | None = None

    def __call__(self, x: Tensor, t: int) -> Prediction:
        """Predict for frames at timestep ``t``, with guidance."""
        self.calls += 1
        active = [w for w in self.terms if w.weight != 0]
        if not active or not self.guide_until <= t <= self.guide_from:
            with torch.no_grad():
                return self._predict(x, t)
        exact = self.gradient == "exact"
        x_leaf = x.detach().requires_grad_()
        with torch.set_grad_enabled(exact):
            output = self._output(x_leaf, t)
        with torch.enable_grad():
            prediction = self._interpret(x_leaf, t, output)
            seen = prediction.pred_xstart
            if self.gradient == "secondary":
                assert self.secondary is not None
                seen = self._hold(self.secondary.estimate(self.denoiser.schedule, x_leaf, t))
            gradient, diagnostics = self._gradient(active, x_leaf, seen, t)
        return Prediction(
            eps=prediction.eps.detach(),
            pred_xstart=prediction.pred_xstart.detach(),
            variance_mix=None
            if prediction.variance_mix is None
            else prediction.variance_mix.detach(),
            score_shift=self._shift(gradient, t),
            diagnostics=diagnostics,
        )

    def _predict(self, x: Tensor, t: int) -> Prediction:
        return self._interpret(x, t, self._output(x, t))

    def _interpret(self, x: Tensor, t: int, output: Tensor) -> Prediction:
        prediction = self.denoiser.interpret(x, t, output)
        return replace(prediction, pred_xstart=self._hold(prediction.pred_xstart))

    def _hold(self, xstart: Tensor) -> Tensor:
        """Replace the estimates of held frames by the frames themselves."""
        if self.held is None:
            return xstart
        free = self.held.free.to(xstart.device, non_blocking=True).view(-1, 1, 1, 1)
        return torch.where(free, xstart, self.held.x_start)

    def _output(self, x: Tensor, t: int) -> Tensor:
        """The network's output for the free frames; zero for the held ones."""
        told = self._told(len(x), t)
        if self.held is None or bool(self.held.free.all()):
            return self._network(x, t, told, self.seen)
        free = torch.nonzero(self.held.free).flatten()
        if len(free) == 0:
            return torch.zeros_like(x)
        free = free.to(x.device, non_blocking=True)
        out = self._network(x[free], t, _picked(told, free), _picked(self.seen, free))
        return out.new_zeros(len(x), *out.shape[1:]).index_copy(0, free, out)

    def _told(self, count: int, t: int) -> Tensor | None:
        """Label or embedding of each frame."""
        if self.denoiser.condition is not None:
            return self.condition
        return self.denoiser.class_labels(count, t, self.class_label, self.seed)

    def _network(self, x: Tensor, t: int, told: Tensor | None, seen: Tensor | None) -> Tensor:
        size = self.chunk or len(x)
        output = self.denoiser.output
        if size >= len(x):
            return output(x, t, told, seen)
        parts = [x.split(size), _split(told, size, len(x)), _split(seen, size, len(x))]
        passes = zip(*parts, strict=True)
        if not torch.is_grad_enabled():
            return torch.cat([output(part, t, label, view) for part, label, view in passes])
        return torch.cat(
            [
                checkpoint(output, part, t, label, view, use_reentrant=False)
                for part, label, view in passes
            ]
        )

    def _gradient(
        self, active: Sequence[WeightedTerm], x: Tensor, xstart: Tensor, t: int
    ) -> tuple[Tensor, dict[str, Tensor]]:
        fraction = math.sqrt(1.0 - self.denoiser.schedule.abar(t))
        context = GuidanceContext(
            x=x,
            pred_xstart=xstart,
            x_in=fraction * xstart + (1 - fraction) * x,
            t=t,
            num_timesteps=self.denoiser.schedule.num_timesteps,
            generator=torch.Generator().manual_seed(stable_seed(self.seed, self.calls)),
        )
        total = x.new_zeros(())
        diagnostics: dict[str, Tensor] = {}
        for weighted in active:
            loss = weighted.term(context)
            diagnostics[weighted.term.name] = loss.detach().mean()
            # A sum over frames keeps each frame's gradient free of the window's length.
            total = total + weighted.weight * loss.sum()
        (gradient,) = torch.autograd.grad(total, x)
        return gradient, diagnostics

    def _shift(self, gradient: Tensor, t: int) -> Tensor:
        """Turn grad L into the shift of the score; a frame whose gradient is not finite is not guided."""
        finite = torch.isfinite(gradient).all(dim=(1, 2, 3), keepdim=True)
        gradient = torch.where(finite, gradient, torch.zeros_like(gradient))
        if self.smooth is not None:
            gradient = self.smooth(gradient)
        if self.rule == "paper":
            return -gradient
        square = gradient.square()
        if self.roi is None:
            mean_square = square.mean((1, 2, 3), keepdim=True)
        else:
            area = self.roi.sum((1, 2, 3), keepdim=True) * 3
            mean_square = (square * self.roi).sum((1, 2, 3), keepdim=True) / area.clamp_min(1)
        unit = (gradient / (mean_square.sqrt() + 1e-12)).clamp(-self.clamp, self.clamp)
        strength = torch.as_tensor(self.strength, dtype=unit.dtype, device=unit.device)
        scale = strength.view(-1, 1, 1, 1) if strength.ndim else strength
        return -scale / math.sqrt(1.0 - self.denoiser.schedule.abar(t)) * unit


def _picked(tensor: Tensor | None, rows: Tensor) -> Tensor | None:
    return None if tensor is None else tensor[rows.to(tensor.device)]


def _split(tensor: Tensor | None, size: int, count: int) -> Sequence[Tensor | None]:
    return [None] * -(-count // size) if tensor is None else tensor.split(size)
