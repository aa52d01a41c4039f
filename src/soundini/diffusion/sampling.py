"""Samplers as one generator: DDPM ancestral, DDIM(eta) and DPM-Solver++(2M).

A sampler knows frames, timesteps and a denoiser. It knows nothing of sound, flow or masks: guidance reaches it as
``Prediction.score_shift``, and whoever holds part of the frames fixed does so through ``constrain``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from soundini.diffusion.denoiser import Denoise, Prediction
from soundini.diffusion.schedule import NoiseSchedule, Transition

SamplerName = Literal["ddpm", "ddim", "dpmpp_2m"]
Noise = Callable[[int], Tensor]
Constrain = Callable[[Tensor, int], Tensor]


@dataclass(frozen=True, eq=False)
class SamplingState:
    """Where a sampler stands between two steps: given to :func:`sample`, it goes on as if it had never stopped.

    Noise is named by the number of the step, so no generator is part of it.

    Args:
        index: steps done.
        x: the frames now.
        history: DPM-Solver++(2M): guided estimate of the clean frames at the last step; None for other samplers.

    Shape:
        ``x``, ``history``: ``[T, 3, H, W]``.
    """

    index: int
    x: Tensor
    history: Tensor | None = None

    def to(self, device: torch.device | str) -> SamplingState:
        """The same state on another device."""
        history = self.history.to(device) if self.history is not None else None
        return SamplingState(self.index, self.x.to(device), history)


@dataclass(frozen=True)
class SamplingStep:
    """One step is done.

    Args:
        index: number of this step, from 0.
        total: number of steps in all.
        t: timestep the network was evaluated at.
        t_next: timestep of ``x``.
        x: the frames now.
        pred_xstart: the clean frames predicted at ``t``, before guidance.
        diagnostics: what the denoiser reported.
        history: see :class:`SamplingState`.
    """

    index: int
    total: int
    t: int
    t_next: int
    x: Tensor
    pred_xstart: Tensor
    diagnostics: Mapping[str, Tensor]
    history: Tensor | None = None

    @property
    def state(self) -> SamplingState:
        """What the sampler goes on from after this step."""
        return SamplingState(self.index + 1, self.x, self.history)


def sample(
    denoise: Denoise,
    schedule: NoiseSchedule,
    plan: Sequence[Transition],
    x: Tensor | SamplingState,
    *,
    noise: Noise,
    method: SamplerName = "ddim",
    eta: float = 0.0,
    clip: bool = False,
    constrain: Constrain | None = None,
) -> Iterator[SamplingStep]:
    """Walk ``x`` from noise to clean frames, yielding after every network evaluation.

    Where the plan visits a noisier timestep than ``x`` is at, ``x`` is noised up to it first (a repeated step).

    Args:
        denoise: the (guided) denoiser.
        schedule: noise schedule that ``plan`` indexes.
        plan: transitions, from :func:`soundini.diffusion.schedule.plan_transitions`.
        x: frames at ``plan[0].t``, or the state after a step of the same plan, to go on from there.
        noise: ``noise(stream)`` gives fresh noise like ``x``; stream ``2 i + 1`` is the step's own, ``2 i + 2`` its re-noising.
        method: ``ddpm`` (Ho et al. 2020), ``ddim`` (Song et al. 2021) or ``dpmpp_2m`` (Lu et al. 2022, arXiv 2211.01095).
        eta: DDIM's share of fresh noise, 0 (none) to 1.
        clip: DDIM and DPM-Solver++: clamp the guided estimate of the clean frames to [-1, 1] at every step. Guidance adds up
            over the steps; unclamped, it drives colours beyond what the network has ever seen, and they stay flat.
        constrain: ``constrain(x, t)`` is applied after every step and may hold parts of ``x`` fixed.

    Shape:
        ``x``: ``[T, 3, H, W]``.

    Yields:
        :class:`SamplingStep`; the last one's ``x`` is the result.
    """
    state = x if isinstance(x, SamplingState) else SamplingState(0, x)
    x, history = state.x, state.history
    t_now = plan[state.index - 1].t_next if state.index else plan[0].t
    for index, step in enumerate(plan[state.index :], state.index):
        if step.t > t_now:
            x = schedule.renoise(x, noise(2 * index + 2), t_now, step.t)
            history = None
        prediction = denoise(x, step.t)
        pred_xstart = prediction.pred_xstart
        abar, abar_next = schedule.abar(step.t), schedule.abar(step.t_next)
        if method == "ddpm":
            x = _ddpm(x, prediction, abar, abar_next, lambda i=index: noise(2 * i + 1))
        else:
            eps, xstart = _apply_shift(x, prediction, abar, clip)
            if method == "ddim":
                x = _ddim(xstart, eps, abar, abar_next, eta, lambda i=index: noise(2 * i + 1))
            else:
                abar_before = schedule.abar(plan[index - 1].t) if history is not None else None
                x = _dpmpp_2m(x, xstart, abar, abar_next, history, abar_before)
                history = xstart.contiguous()
        if constrain is not None:
            x = constrain(x, step.t_next)
        x = x.contiguous()  # as it comes back from a file: sums must not depend on the strides
        t_now = step.t_next
        diagnostics = prediction.diagnostics
        yield SamplingStep(
            index, len(plan), step.t, step.t_next, x, pred_xstart, diagnostics, history
        )


def _apply_shift(x: Tensor, p: Prediction, abar: float, clip: bool) -> tuple[Tensor, Tensor]:
    """Guided eps and x_0: eps - sqrt(1 - abar) · shift (Dhariwal & Nichol 2021, arXiv 2105.05233, eq. 14)."""
    if p.score_shift is None:
        return p.eps, p.pred_xstart
    a, s = math.sqrt(abar), math.sqrt(1.0 - abar)
    eps = p.eps - s * p.score_shift
    xstart = (x - s * eps) / a
    if not clip:
        return eps, xstart
    xstart = xstart.clamp(-1, 1)
    return (x - a * xstart) / s, xstart


def _ddpm(
    x: Tensor, p: Prediction, abar: float, abar_next: float, noise: Callable[[], Tensor]
) -> Tensor:
    """Sample the posterior q(x_next | x_t, x_0); guidance moves its mean by variance · shift."""
    beta = 1.0 - abar / abar_next
    mean = (
        math.sqrt(abar_next) * beta / (1.0 - abar) * p.pred_xstart
        + math.sqrt(1.0 - beta) * (1.0 - abar_next) / (1.0 - abar) * x
    )
    if abar_next >= 1.0:
        variance = x.new_full((), beta)
    else:
        posterior = beta * (1.0 - abar_next) / (1.0 - abar)
        if p.variance_mix is None:
            variance = x.new_full((), posterior)
        else:
            fraction = (p.variance_mix + 1.0) / 2.0
            variance = torch.exp(fraction * math.log(beta) + (1.0 - fraction) * math.log(posterior))
    if p.score_shift is not None:
        mean = mean + variance * p.score_shift
    return mean if abar_next >= 1.0 else mean + variance.sqrt() * noise()


def _ddim(
    xstart: Tensor,
    eps: Tensor,
    abar: float,
    abar_next: float,
    eta: float,
    noise: Callable[[], Tensor],
) -> Tensor:
    """DDIM, eq. 12 and 16 of arXiv 2010.02502."""
    sigma = eta * math.sqrt((1 - abar_next) / (1 - abar)) * math.sqrt(max(1 - abar / abar_next, 0))
    x = math.sqrt(abar_next) * xstart + math.sqrt(max(1 - abar_next - sigma**2, 0.0)) * eps
    return x + sigma * noise() if sigma > 0 else x


def _log_snr(abar: float) -> float:
    """lambda_t = log(alpha_t / sigma_t)."""
    return 0.5 * (math.log(abar) - math.log1p(-abar))


def _dpmpp_2m(
    x: Tensor,
    xstart: Tensor,
    abar: float,
    abar_next: float,
    xstart_before: Tensor | None,
    abar_before: float | None,
) -> Tensor:
    """Second-order multistep DPM-Solver++ in data prediction; first order where there is no history."""
    if abar_next >= 1.0:
        return xstart
    lam, lam_next = _log_snr(abar), _log_snr(abar_next)
    h = lam_next - lam
    estimate = xstart
    if xstart_before is not None and abar_before is not None:
        r = (lam - _log_snr(abar_before)) / h
        estimate = (1 + 1 / (2 * r)) * xstart - 1 / (2 * r) * xstart_before
    sigma_ratio = math.sqrt((1 - abar_next) / (1 - abar))
    return sigma_ratio * x - math.sqrt(abar_next) * math.expm1(-h) * estimate
