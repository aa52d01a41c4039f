"""How effects move by themselves: flames rise, rain falls, bolts strike anew with every clap.

A frame's starting noise is carried along with the effect, and what is expected to stay coherent inside the mask moves
likewise. Both follow from the classes that are heard in a frame, and from its time in the video; nothing is accumulated
from frame to frame, so a frame is the same in whatever window it lies.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from soundini.config.drift import DriftConfig
from soundini.config.recipe import SamplingConfig
from soundini.diffusion.noise import FrameNoise, NoiseKind, stable_seed
from soundini.editing.sound_track import SoundTrack
from soundini.effects.scene import Moment
from soundini.flow.pairs import FlowPairs
from soundini.flow.warp import inside, warp
from soundini.joint.protocol import JointSpace, NamesSounds
from soundini.media.envelope import onset_times

_LEAST_SHARE = 0.1
"""Share of a class below which it moves nothing."""

_ALONG = ("sea",)
"""Classes that flow along the longer side of the region."""

_SWAYING = {"snow_wind": (0.05, 1.9)}
"""Classes that sway as they go: how far, in region heights, and seconds for a full swing."""

_STRIKING = ("thunderstorm", "explosion")
"""Classes that begin anew with every onset of the sound."""

_CANVAS = 3
"""Noise that moves is drawn so many times as long as the frame; then it comes round again."""


@dataclass(frozen=True, eq=False)
class EffectMotion:
    """Where the effects of each frame have got to.

    Args:
        names: classes of effects.
        shares: how much of each class is heard in a frame; rows sum to 1.
        positions: how far each class's effect has moved (right, down), in region heights.
        strikes: index of the video's frame that the present strike of a class began with; -1 for a class that does not
            strike.
        velocities: of each class (right, down), in region heights a second.
        times: the video's time at each frame, seconds.
        ages: seconds since the last onset of the sound, or since the first frame.

    Shape:
        ``shares``: ``[T, C]``; ``positions``: ``[T, C, 2]``; ``strikes``: ``[T, C]``; ``velocities``: ``[C, 2]``; ``times``,
        ``ages``: ``[T]``.
    """

    names: tuple[str, ...]
    shares: Tensor
    positions: Tensor
    strikes: Tensor
    velocities: Tensor
    times: Tensor
    ages: Tensor

    def of(self, frames: Sequence[int] | slice) -> EffectMotion:
        """The motion of some frames."""
        picked = list(frames) if not isinstance(frames, slice) else frames
        return replace(
            self,
            shares=self.shares[picked],
            positions=self.positions[picked],
            strikes=self.strikes[picked],
            times=self.times[picked],
            ages=self.ages[picked],
        )

    def pixels(self, size: tuple[int, int], grid: int) -> Tensor:
        """Positions in pixels of a window, in whole steps of the network's grid.

        Args:
            size: height and width of the window.
            grid: pixels that the network takes together (:attr:`UNetDenoiser.unshuffle`).

        Shape:
            returns ``[T, C, 2]``.
        """
        moved = self._along(self.positions, size) * size[0]
        return (moved / grid).round() * grid

    def moments(self, size: tuple[int, int]) -> list[list[Moment]]:
        """The position of every class's effect, for each frame.

        Args:
            size: height and width of the window.
        """
        moved = (self._along(self.positions, size) * size[0]).tolist()
        headings = self._along(self.velocities[None], size)[0].tolist()
        times, ages, strikes = self.times.tolist(), self.ages.tolist(), self.strikes.tolist()
        return [
            [
                Moment(times[i], tuple(far), tuple(heading), max(0, strike), ages[i])
                for far, heading, strike in zip(moved[i], headings, strikes[i], strict=True)
            ]
            for i in range(len(times))
        ]

    def _along(self, ways: Tensor, size: tuple[int, int]) -> Tensor:
        """Ways (right, down), turned for classes that flow along the region's longer side; ``[..., C, 2]``."""
        if size[0] <= 1.2 * size[1]:
            return ways
        along = torch.tensor([name in _ALONG for name in self.names])
        return torch.where(along[:, None], ways.flip(-1), ways)

    def steps(self, size: tuple[int, int], grid: int) -> Tensor:
        """By how many pixels the effect moves from each frame to the next, classes averaged by their shares.

        Shape:
            returns ``[T - 1, 2]``.
        """
        moved = self.pixels(size, grid).diff(dim=0)
        shares = (self.shares[:-1] + self.shares[1:])[..., None] / 2
        return (shares * moved).sum(1)


def effect_motion(
    joint: JointSpace,
    track: SoundTrack,
    times: Sequence[float],
    config: SamplingConfig,
    *,
    began: float = 0.0,
    first_index: int = 0,
) -> EffectMotion | None:
    """How the effects of a sound move through the frames of a part; None where the joint space knows no classes.

    Args:
        joint: names the classes that are heard.
        track: the sound, laid along the part.
        times: time of each frame, seconds from the part's first.
        config: ``drift``.
        began: the video's time at the part's first frame, seconds.
        first_index: index in the video of that frame.
    """
    if not isinstance(joint, NamesSounds):
        return None
    rows = joint.name_sounds(track.embeds)
    means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    most = {name: max(row[name] for row in rows) for name in rows[0]}
    names = tuple(n for n in means if most[n] >= _LEAST_SHARE) or (
        max(means, key=means.__getitem__),
    )
    shares = torch.tensor([[row[name] for name in names] for row in rows])
    shares = torch.where(shares < _LEAST_SHARE, 0.0, shares)
    shares[shares.sum(1) == 0] = 1.0
    positions = torch.tensor(
        [[effect_position(name, began + t, config.drift) for name in names] for t in times]
    )
    onsets = onset_times(track.sound) if set(names) & set(_STRIKING) else []
    struck = [_struck(t, times, onsets) for t in times]
    strikes = torch.tensor(
        [[first_index + s if name in _STRIKING else -1 for name in names] for s in struck]
    )
    return EffectMotion(
        names,
        shares / shares.sum(1, keepdim=True),
        positions,
        strikes,
        velocities=torch.tensor([config.drift.velocity(name) for name in names]),
        times=torch.tensor([began + t for t in times]),
        ages=torch.tensor([t - times[s] for t, s in zip(times, struck, strict=True)]),
    )


def effect_position(name: str, time: float, drift: DriftConfig) -> list[float]:
    """How far a class's effect has moved at a time of the video: ``[right, down]`` in region heights."""
    right, down = drift.velocity(name)
    far, seconds = _SWAYING.get(name, (0.0, 1.0))
    sway = far * math.sin(2 * math.pi * time / seconds) if (right, down) != (0.0, 0.0) else 0.0
    return [right * time + sway, down * time]


def _struck(time: float, times: Sequence[float], onsets: Sequence[float]) -> int:
    """The frame that the last onset before a time fell into; 0 before the first."""
    number = bisect_right(onsets, time)
    return 0 if number == 0 else max(0, bisect_right(times, onsets[number - 1]) - 1)


@dataclass(frozen=True, eq=False)
class MovingNoise:
    """Noise for the frames of a window that moves with their effects.

    noise_i = sum over classes of sqrt(share) · (the class's own noise, moved by its position): independent draws, so the
    variance stays one.

    Args:
        seed: the user's seed.
        frames: indices of the window's frames in the video.
        size: height and width.
        motion: of these frames.
        kind: ``shared`` or ``evolving``, see :class:`FrameNoise`.
        period: for ``evolving``.
        grid: see :meth:`EffectMotion.pixels`.
        device: where noise is delivered.

    Shape:
        calls return ``[len(frames), 3, H, W]``.
    """

    seed: int
    frames: tuple[int, ...]
    size: tuple[int, int]
    motion: EffectMotion
    kind: NoiseKind
    period: float
    grid: int = 1
    device: torch.device | str = "cpu"

    def __call__(self, stream: int) -> Tensor:
        """Draw number ``stream`` for all frames."""
        total = torch.zeros(len(self.frames), 3, *self.size)
        moved = self.motion.pixels(self.size, self.grid).round().long()
        for number, name in enumerate(self.motion.names):
            share = self.motion.shares[:, number]
            for i in torch.nonzero(share).flatten().tolist():
                canvas = self._canvas(name, stream, i, int(self.motion.strikes[i, number]))
                right, down = moved[i, number].tolist()
                total[i] += math.sqrt(float(share[i])) * _window_at(
                    canvas, -down, -right, self.size
                )
        return total.to(self.device)

    def _canvas(self, name: str, stream: int, i: int, strike: int) -> Tensor:
        """A class's noise for a frame, before it is moved: longer than the frame, along both sides."""
        seed = stable_seed(self.seed, *name.encode())
        size = (_CANVAS * self.size[0], _CANVAS * self.size[1])
        if strike >= 0:
            return FrameNoise(seed, (strike,), self.size, "independent")(stream)[0]
        return FrameNoise(seed, (self.frames[i],), size, self.kind, self.period)(stream)[0]


def _window_at(canvas: Tensor, top: int, left: int, size: tuple[int, int]) -> Tensor:
    """Cut a frame out of noise that comes round again at its ends."""
    rows = (torch.arange(size[0]) + top) % canvas.shape[-2]
    columns = (torch.arange(size[1]) + left) % canvas.shape[-1]
    return canvas[:, rows][:, :, columns]


def pairs_of_effect(pairs: FlowPairs, mask: Tensor, steps: Tensor) -> FlowPairs:
    """The scene's flow, and the effect's own motion on top of it inside the mask.

    Visible is what lies inside the mask in both frames: elsewhere there is no effect.

    Args:
        pairs: the scene's flow between neighbours.
        mask: 1 = edit.
        steps: see :meth:`EffectMotion.steps`.

    Shape:
        ``mask``: ``[T, 1, H, W]``; ``steps``: ``[T - 1, 2]``, of as many pairs.
    """
    region = (mask > 0.5).to(mask.dtype)
    moved = steps.to(mask)[..., None, None]
    here, there = region[:-1], region[1:]
    forward = pairs.flow_fwd + here * moved
    backward = pairs.flow_bwd - there * moved
    return FlowPairs(
        forward,
        backward,
        pairs.visible_fwd * here * inside(forward) * warp(there, forward),
        pairs.visible_bwd * there * inside(backward) * warp(here, backward),
    )
