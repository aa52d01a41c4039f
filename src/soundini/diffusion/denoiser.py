"""One interface for all unconditional pixel-space U-Nets: eps or v, with or without learned variance or unshuffling."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from soundini.diffusion.noise import stable_seed
from soundini.diffusion.schedule import NoiseSchedule

CONDITION_FILE = "condition.safetensors"
PredictionType = Literal["epsilon", "v_prediction"]
ClassLabel = int | Literal["random"]
"""Label of a class-conditional model: one for all steps, or another at each."""


class ConditionEmbedding(nn.Module):
    """Maps a condition onto the timestep's embedding, to which it is added.

    A vector of zeros is the empty condition, one of unit length a full one. A fresh embedding adds nothing, so an
    unconditional network that is given a condition draws the same as before, until it is trained.

    Args:
        dim: length of a condition.
        time_dim: length of the network's timestep embedding.

    Shape:
        ``[B, dim]`` -> ``[B, time_dim]``.
    """

    def __init__(self, dim: int, time_dim: int) -> None:
        super().__init__()
        self.dim = dim
        with torch.device("meta"):  # draws nothing from the global random state
            self.inner = nn.Linear(dim, time_dim)
            self.outer = nn.Linear(time_dim, time_dim)
        chance = torch.Generator().manual_seed(0)
        # unit length in, unit variance out
        self.inner.weight = nn.Parameter(torch.empty(time_dim, dim).normal_(generator=chance))
        self.inner.bias = nn.Parameter(torch.zeros(time_dim))
        self.outer.weight = nn.Parameter(torch.zeros(time_dim, time_dim))
        self.outer.bias = nn.Parameter(torch.zeros(time_dim))

    @classmethod
    def from_folder(cls, folder: Path) -> ConditionEmbedding | None:
        """The embedding beside a denoiser, or None where the denoiser takes no condition."""
        path = folder / CONDITION_FILE
        if not path.exists():
            return None
        state = {k: v.float() for k, v in load_file(path).items()}
        time_dim, dim = state["inner.weight"].shape
        embedding = cls(dim, time_dim)
        embedding.load_state_dict(state)
        return embedding

    def forward(self, condition: Tensor) -> Tensor:
        """Embed a batch of conditions."""
        return self.outer(nn.functional.silu(self.inner(condition)))


@dataclass(frozen=True)
class Prediction:
    """A denoiser's prediction for x_t.

    Args:
        eps: predicted noise.
        pred_xstart: predicted clean frames.
        variance_mix: v in [-1, 1] of a learned-range variance (Nichol & Dhariwal 2021), or None.
        score_shift: what guidance adds to the score grad log p(x_t), or None.
        diagnostics: figures for whoever watches, such as the loss of each guidance term.

    Shape:
        ``eps``, ``pred_xstart``, ``variance_mix``, ``score_shift``: ``[T, 3, H, W]``; diagnostics: scalars.
    """

    eps: Tensor
    pred_xstart: Tensor
    variance_mix: Tensor | None = None
    score_shift: Tensor | None = None
    diagnostics: Mapping[str, Tensor] = field(default_factory=dict)


class Denoise(Protocol):
    """What a sampler needs: frames at timestep ``t`` in, a :class:`Prediction` out."""

    def __call__(self, x: Tensor, t: int) -> Prediction:
        """Predict for ``x [T, 3, H, W]`` at timestep ``t``."""
        ...


_SEEN_CHANNELS = 4


def seen_channels(source: Tensor, mask: Tensor | None = None) -> Tensor:
    """The channels that a network which sees the source gets beside the noisy frames.

    A source of zeros and a mask of ones mean that the source is withheld: so it was trained.

    Args:
        source: clean frames in [-1, 1].
        mask: 1 = edit; None for ones.

    Shape:
        ``source``: ``[T, 3, H, W]``; ``mask``: ``[T, 1, H, W]``; returns ``[T, 4, H, W]``.
    """
    return torch.cat([source, torch.ones_like(source[:, :1]) if mask is None else mask], 1)


class UNetDenoiser(nn.Module):
    """Wraps a diffusers ``UNet2DModel`` (or any module called as ``unet(x, t).sample``).

    Args:
        unet: the network. With ``2 * channels`` outputs, the second half is a learned-range variance.
        schedule: the schedule it was trained on; ``t`` is passed to the network as it is, never rescaled.
        prediction_type: what the network's output means.
        unshuffle: the network works on ``pixel_unshuffle(x, unshuffle)``; 1 for a plain pixel model.
        stride: frames' sides must be multiples of this.
        autocast: dtype of the network's arithmetic, or None for the frames' own.
        clip_xstart: clamp ``pred_xstart`` to [-1, 1] (and make ``eps`` agree).
        num_classes: how many labels the network knows; None if it takes none.
        condition: for a network that takes an embedding instead of a label.
        sees_source: the network takes the clean source frame and the mask as further channels, see :func:`seen_channels`.
        memory_format: how the network's tensors lie in memory; see :func:`soundini.compute.pick_memory_format`.

    Shape:
        ``x``: ``[T, 3, H, W]`` with H, W multiples of ``stride``.
    """

    def __init__(
        self,
        unet: nn.Module,
        schedule: NoiseSchedule,
        *,
        prediction_type: PredictionType = "epsilon",
        unshuffle: int = 1,
        stride: int = 16,
        autocast: torch.dtype | None = None,
        clip_xstart: bool = False,
        num_classes: int | None = None,
        condition: ConditionEmbedding | None = None,
        sees_source: bool = False,
        memory_format: torch.memory_format = torch.channels_last,
    ) -> None:
        super().__init__()
        self.memory_format = memory_format
        # torch's own method; the one of diffusers imports half of diffusers
        nn.Module.to(unet.eval().requires_grad_(False), memory_format=memory_format)  # pyright: ignore
        self.unet = unet
        self.schedule = schedule
        self.prediction_type: PredictionType = prediction_type
        self.unshuffle = unshuffle
        self.stride = stride
        self.autocast = autocast
        self.clip_xstart = clip_xstart
        self.num_classes = num_classes
        self.sees_source = sees_source
        self._compiled = False
        self.condition: ConditionEmbedding | None = None
        if condition is not None:
            self.take_condition(condition)

    def take_condition(self, condition: ConditionEmbedding) -> None:
        """From now on give the network, a ``UNet2DModel`` without classes, an embedding at every call."""
        self.condition = condition.eval().requires_grad_(False)
        self.unet.class_embedding = nn.Identity()

    def see_source(self) -> None:
        """From now on give the network, a ``UNet2DModel``, the source and the mask too.

        The weights for the new channels are zero, so it draws the same as before, until it is trained.
        """
        if self.sees_source:
            return
        old = self.unet.get_submodule("conv_in")
        assert isinstance(old, nn.Conv2d)
        added = _SEEN_CHANNELS * self.unshuffle**2
        kernel = (int(old.kernel_size[0]), int(old.kernel_size[1]))
        wider = nn.Conv2d(old.in_channels + added, old.out_channels, kernel, padding=old.padding)  # pyright: ignore
        with torch.no_grad():
            wider.weight.zero_()
            wider.weight[:, : old.in_channels] = old.weight
            if wider.bias is not None and old.bias is not None:
                wider.bias.copy_(old.bias)
        wider = wider.to(old.weight.device).to(memory_format=self.memory_format)  # pyright: ignore
        self.unet.set_submodule("conv_in", wider.requires_grad_(old.weight.requires_grad))
        self.unet.register_to_config(in_channels=wider.in_channels)  # pyright: ignore
        self.sees_source = True

    @property
    def time_dim(self) -> int:
        """Length of the network's timestep embedding."""
        return int(self.unet.get_submodule("time_embedding.linear_2").out_features)  # pyright: ignore

    def recompute_activations(self, enabled: bool) -> None:
        """Keep only what enters each residual block, and compute the rest again for the gradient."""
        if hasattr(self.unet, "enable_gradient_checkpointing"):
            switch = "enable" if enabled else "disable"
            getattr(self.unet, f"{switch}_gradient_checkpointing")()

    def compile_network(self, **options: Any) -> None:
        """Compile the network at its next call, with ``torch.compile``; done once.

        Args:
            **options: of ``torch.compile``.
        """
        if not self._compiled:
            self.unet.compile(**options)
            self._compiled = True

    def class_labels(
        self, count: int, t: int, label: ClassLabel = "random", seed: int = 0
    ) -> Tensor | None:
        """Choose the labels of a batch of frames; None for a network that takes none.

        A random label depends on the seed and the timestep only: all frames of a step have the
        same, in whatever window or batch they lie.

        Args:
            count: number of frames.
            t: timestep.
            label: a class, or ``random``.
            seed: the user's seed.

        Shape:
            returns ``[count]``, on the CPU.

        Raises:
            ValueError: there is no such class.
        """
        if self.num_classes is None:
            return None
        chosen = stable_seed(seed, t) % self.num_classes if label == "random" else label
        if not 0 <= chosen < self.num_classes:
            raise ValueError(f"there are classes 0 to {self.num_classes - 1}, not {chosen}")
        return torch.full((count,), chosen)

    def output(
        self,
        x: Tensor,
        t: int | Tensor,
        told: Tensor | None = None,
        seen: Tensor | None = None,
    ) -> Tensor:
        """The network's raw output at full resolution, float32.

        Args:
            x: noisy frames.
            t: timestep, one for all or one for each frame.
            told: labels of a class-conditional network (None: random ones, of seed 0), or the
                conditions of one that takes embeddings (None: the empty condition).
            seen: source and mask, from :func:`seen_channels`, for a network that sees them (None: neither).

        Shape:
            ``x``: ``[T, 3, H, W]``; ``told``: ``[T]`` or ``[T, D]``; ``seen``: ``[T, 4, H, W]``; returns
            ``[T, 3 or 6, H, W]``.
        """
        if told is None:
            told = self._nothing_told(x, t)
        dtype = x.dtype
        if self.sees_source:
            seen = seen_channels(torch.zeros_like(x)) if seen is None else seen
            x = torch.cat([x, seen.to(x)], 1)
        h = F.pixel_unshuffle(x, self.unshuffle) if self.unshuffle > 1 else x
        weights = next(self.unet.parameters(), h).dtype
        if weights in (torch.bfloat16, torch.float16):
            h = h.to(weights)
        h = h.contiguous(memory_format=self.memory_format)
        steps = t if isinstance(t, Tensor) else torch.full((len(x),), t, device=x.device)
        arithmetic = (
            nullcontext()
            if self.autocast is None
            else torch.autocast(x.device.type, dtype=self.autocast)
        )
        with arithmetic:
            labels = {}
            if told is not None:
                told = told.to(x.device, non_blocking=True)
                labels["class_labels"] = told if self.condition is None else self.condition(told)
            out = self.unet(h, steps, **labels).sample
        return (F.pixel_shuffle(out, self.unshuffle) if self.unshuffle > 1 else out).to(dtype)

    def _nothing_told(self, x: Tensor, t: int | Tensor) -> Tensor | None:
        if self.condition is not None:
            return x.new_zeros(len(x), self.condition.dim)
        return None if isinstance(t, Tensor) else self.class_labels(len(x), t)

    def interpret(self, x: Tensor, t: int, out: Tensor) -> Prediction:
        """Turn the raw output into a :class:`Prediction`; differentiable in both ``x`` and ``out``.

        eps-prediction: x_0 = (x_t - sqrt(1 - abar) eps) / sqrt(abar).
        v-prediction (Salimans & Ho 2022): x_0 = sqrt(abar) x_t - sqrt(1 - abar) v, eps = sqrt(1 - abar) x_t + sqrt(abar) v.
        """
        abar = self.schedule.abar(t)
        a, s = math.sqrt(abar), math.sqrt(1.0 - abar)
        value, mix = (out[:, :3], out[:, 3:]) if out.shape[1] == 6 else (out, None)
        if self.prediction_type == "epsilon":
            xstart, eps = (x - s * value) / a, value
        else:
            xstart, eps = a * x - s * value, s * x + a * value
        if self.clip_xstart:
            xstart = xstart.clamp(-1, 1)
            eps = (x - a * xstart) / max(s, 1e-8)
        return Prediction(eps=eps, pred_xstart=xstart, variance_mix=mix)

    def forward(self, x: Tensor, t: int) -> Prediction:
        """Predict for frames at timestep ``t``."""
        return self.interpret(x, t, self.output(x, t))
