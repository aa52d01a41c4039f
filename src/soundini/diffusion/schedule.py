"""Noise schedules, respacing, and the plan of timesteps that a sampler walks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

CLEAN = -1
"""The timestep of a clean image: ``alphas_cumprod`` is 1 there."""


_MOST_TIMESTEPS = 100_000
"""Of a schedule: what is published has 1,000."""


@dataclass(frozen=True)
class NoiseSchedule:
    """The forward process q(x_t | x_0) = N(sqrt(abar_t) x_0, (1 - abar_t) I) on discrete timesteps.

    Timesteps count from 0 (least noise) to ``num_timesteps - 1``; :data:`CLEAN` (-1) is the image itself.

    Args:
        alphas_cumprod: abar_t in (0, 1], decreasing, float64.

    Shape:
        ``alphas_cumprod``: ``[num_timesteps]``.
    """

    alphas_cumprod: Tensor

    def __post_init__(self) -> None:
        abar = self.alphas_cumprod
        if abar.dtype != torch.float64 or abar.ndim != 1:
            raise ValueError("alphas_cumprod must be a float64 vector")
        if not bool((abar > 0).all() and (abar <= 1).all() and (abar.diff() <= 0).all()):
            raise ValueError("alphas_cumprod must decrease within (0, 1]")

    @classmethod
    def from_diffusers(cls, config: Mapping[str, object]) -> NoiseSchedule:
        """The schedule that a diffusers ``scheduler_config.json`` describes.

        Raises:
            ValueError: the configuration names a ``beta_schedule`` that is not known here, or too many steps.
        """
        from diffusers import DDPMScheduler

        steps = config.get("num_train_timesteps")
        if steps is not None and not (isinstance(steps, int) and 0 < steps <= _MOST_TIMESTEPS):
            raise ValueError(f"num_train_timesteps {steps} is none of 1 to {_MOST_TIMESTEPS}")
        keys = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas")
        scheduler = DDPMScheduler(**{k: config[k] for k in keys if config.get(k) is not None})  # type: ignore[arg-type]
        # diffusers' own product is float32, which puts 1 - abar_t off by up to 1.7e-4 of itself
        return cls(torch.cumprod(1.0 - scheduler.betas.double(), 0))

    @property
    def num_timesteps(self) -> int:
        """How many noise levels there are."""
        return len(self.alphas_cumprod)

    def abar(self, t: int) -> float:
        """abar_t; 1 for :data:`CLEAN`."""
        return 1.0 if t == CLEAN else float(self.alphas_cumprod[t])

    def q_sample(self, x_start: Tensor, eps: Tensor, t: int) -> Tensor:
        """Noise a clean image to timestep ``t``: sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps."""
        abar = self.abar(t)
        return math.sqrt(abar) * x_start + math.sqrt(1.0 - abar) * eps

    def renoise(self, x: Tensor, eps: Tensor, t_from: int, t_to: int) -> Tensor:
        """Take a noisy image from ``t_from`` up to the noisier ``t_to`` with fresh noise."""
        ratio = self.abar(t_to) / self.abar(t_from)
        return math.sqrt(ratio) * x + math.sqrt(1.0 - ratio) * eps


def respace(num_timesteps: int, steps: int) -> list[int]:
    """``steps`` timesteps spread evenly over the training schedule, ascending, both ends included.

    guided-diffusion's ``space_timesteps`` with one section: step i is round(i (T - 1) / (steps - 1)).

    Args:
        num_timesteps: T, the length of the training schedule.
        steps: how many to keep, 1 to T.

    Raises:
        ValueError: ``steps`` is out of range.
    """
    if not 1 <= steps <= num_timesteps:
        raise ValueError(f"steps must lie in 1..{num_timesteps}, got {steps}")
    if steps == 1:
        return [num_timesteps - 1]
    return [round(i * (num_timesteps - 1) / (steps - 1)) for i in range(steps)]


@dataclass(frozen=True)
class Transition:
    """One network evaluation: denoise from timestep ``t`` to ``t_next`` (:data:`CLEAN` at the end)."""

    t: int
    t_next: int


def plan_transitions(
    timesteps: Sequence[int], *, repeats: int = 1, repeat_from: int = 0, repeat_to: int = 0
) -> list[Transition]:
    """The walk of a sampler over ``timesteps``, noisiest first, with some steps repeated.

    A repeated step is denoised, noised back, and denoised again ("time travel" of RePaint, arXiv 2201.09865, and
    FreeDoM, arXiv 2303.09833): it lets strong guidance and the prior agree before the noise is gone.

    Args:
        timesteps: the timesteps to visit, ascending.
        repeats: how often each step inside the band is done, at least 1.
        repeat_from: noisiest timestep of the band (inclusive).
        repeat_to: least noisy timestep of the band (inclusive).
    """
    down = list(reversed(timesteps))
    plan: list[Transition] = []
    for t, t_next in zip(down, [*down[1:], CLEAN], strict=True):
        inside = repeat_to <= t <= repeat_from and t_next != CLEAN
        plan.extend([Transition(t, t_next)] * (repeats if inside else 1))
    return plan
