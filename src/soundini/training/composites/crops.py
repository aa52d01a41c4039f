"""Crops that the prior is trained on: a photograph, a region, and the same photograph with an effect in the region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from soundini.diffusion.denoiser import seen_channels
from soundini.effects.matte import matte_of
from soundini.effects.registry import EFFECTS
from soundini.effects.scene import Moment, Scene
from soundini.errors import MediaError
from soundini.training.classes import IMAGE_CLASS, NONE
from soundini.training.composites.material import Photographs, draw_region

PLAIN = {
    "generic": 0.6,
    "forest": 0.13,
    "clouds": 0.06,
    "shine": 0.06,
    "sunrise": 0.05,
    "sea": 0.04,
    "snow": 0.03,
    "fog": 0.03,
}
"""Labels of the photographs that effects are drawn into, and their shares."""

_LEAST_AMOUNT = 0.1

_AGE = 0.25
"""Seconds since a bolt or burst struck, on average."""


@dataclass(frozen=True)
class CompositeShares:
    """Shares of the kinds of crops, all in [0, 1].

    Args:
        effects: share of each class, "none" included; they need not sum to 1.
        full: share of composites at the full amount; the others lie between 0.1 and 1.
        silent: share of crops of an effect at amount 0: the unchanged picture, with the empty condition.
        withheld: share of crops whose source the network does not see, so that it learns to draw without one.
        photographs: share of those that are photographs of the effect itself.
        two: share of composites with a second effect beside the first, as when a sound turns.
        noise: standard deviation of the noise that is added to a condition.
    """

    effects: Mapping[str, float] = field(
        default_factory=lambda: {
            "fire": 0.24,
            "explosion": 0.10,
            "thunderstorm": 0.14,
            "rain": 0.13,
            "snow_wind": 0.10,
            "sea": 0.08,
            "river": 0.07,
            "underwater": 0.10,
            NONE: 0.04,
        }
    )
    full: float = 0.45
    silent: float = 0.06
    withheld: float = 0.14
    photographs: float = 0.7
    two: float = 0.05
    noise: float = 0.01


@dataclass(frozen=True)
class Composite:
    """A photograph, and the same with an effect in a region of it.

    Args:
        target: with the effect, in [0, 1].
        source: without.
        region: in [0, 1].
        condition: the direction of the class, as long as the amount.
        effect: the class.
        withheld: whether the network sees neither source nor region.

    Shape:
        ``target``, ``source``: ``[S, S, 3]``; ``region``: ``[S, S]``; ``condition``: ``[D]``.
    """

    target: np.ndarray
    source: np.ndarray
    region: np.ndarray
    condition: np.ndarray
    effect: str
    withheld: bool = False


@dataclass(frozen=True)
class CompositeBatch:
    """A batch of a training step.

    Args:
        target: the picture to predict, in [-1, 1].
        seen: what the network sees of the scene: the source in [-1, 1] and the region in [0, 1]; a source of zeros
            and a region of ones where it sees nothing.
        condition: the direction of the class, as long as the amount.
        kinds: the class of each.

    Shape:
        ``target``: ``[B, 3, S, S]``; ``seen``: ``[B, 4, S, S]``; ``condition``: ``[B, D]``.
    """

    target: Tensor
    seen: Tensor
    condition: Tensor
    kinds: list[str]

    @classmethod
    def of(cls, composites: Sequence[Composite]) -> CompositeBatch:
        """Put composites of one size together."""
        target, source, region, condition = (
            torch.from_numpy(np.stack([getattr(c, name) for c in composites]).astype(np.float32))
            for name in ("target", "source", "region", "condition")
        )
        seen = seen_channels(source.movedim(-1, 1) * 2 - 1, region[:, None])
        withheld = torch.tensor([c.withheld for c in composites])
        seen[withheld] = seen_channels(torch.zeros_like(seen[withheld, :3]))
        kinds = [c.effect for c in composites]
        return cls(target.movedim(-1, 1) * 2 - 1, seen, condition, kinds)


@dataclass(frozen=True)
class CompositeCrops:
    """Draws crops with composites.

    Args:
        photographs: the material.
        shares: of the kinds of crops.
        directions: of each class, unit length; without them conditions are empty.

    Raises:
        MediaError: there is no photograph to draw effects into.
    """

    photographs: Photographs
    shares: CompositeShares = field(default_factory=CompositeShares)
    directions: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.photographs.has(*PLAIN):
            raise MediaError(
                "images.csv lists no photograph to draw effects into; add some labelled {names}",
                names=", ".join(PLAIN),
            )

    @property
    def effects(self) -> dict[str, float]:
        """The classes that can be drawn, and their shares."""
        return {
            name: share
            for name, share in self.shares.effects.items()
            if not self.directions or name in self.directions
        }

    def composite(
        self,
        effect: str,
        amount: float,
        size: int,
        rng: np.random.Generator,
        *,
        whole: bool = False,
    ) -> Composite:
        """A crop with an effect in a region of it.

        Args:
            effect: a class.
            amount: how much of it, 0 to 1.
            size: side in pixels.
            rng: where all choices come from.
            whole: take the whole crop for the region.
        """
        source = self.photographs.any_of(PLAIN, (size, size), rng)
        region = np.ones((size, size), np.float32) if whole else draw_region(size, rng)
        target = self._with_effect(source, effect, amount, region, rng)
        return Composite(target, source, region, self._condition(effect, amount, rng), effect)

    def composites(
        self,
        effects: Sequence[str],
        amounts: Iterable[float],
        size: int,
        rng: np.random.Generator,
        *,
        whole: bool = False,
    ) -> CompositeBatch:
        """Several of :meth:`composite`, one for each effect and amount."""
        pairs = zip(effects, amounts, strict=True)
        return CompositeBatch.of(
            [self.composite(each, float(amount), size, rng, whole=whole) for each, amount in pairs]
        )

    def batch(self, count: int, size: int, rng: np.random.Generator) -> CompositeBatch:
        """Crops for a training step, by the shares."""
        return CompositeBatch.of([self._draw(size, rng) for _ in range(count)])

    def _draw(self, size: int, rng: np.random.Generator) -> Composite:
        shares = self.shares
        names, weights = list(self.effects), np.array(list(self.effects.values()))
        effect = names[rng.choice(len(names), p=weights / weights.sum())]
        amount = 1.0 if rng.random() < shares.full else float(rng.uniform(_LEAST_AMOUNT, 1))
        if rng.random() < shares.silent:
            amount = 0.0
        withheld = rng.random() < shares.withheld
        shown = withheld and rng.random() < shares.photographs
        if shown and self.photographs.has(*labels_of(effect)):
            return self._photograph(effect, size, rng)
        drawn = self.composite(effect, amount, size, rng, whole=withheld)
        if amount and effect != NONE and rng.random() < shares.two:
            drawn = self._two(drawn, names[rng.integers(len(names))], amount, rng)
        return replace(drawn, withheld=withheld)

    def _photograph(self, effect: str, size: int, rng: np.random.Generator) -> Composite:
        """A photograph of the effect itself, drawn without a source."""
        picture = self.photographs.any_of(labels_of(effect), (size, size), rng)
        everywhere = np.ones((size, size), np.float32)
        condition = self._condition(effect, 1.0, rng)
        return Composite(picture, picture, everywhere, condition, effect, withheld=True)

    def _two(
        self, first: Composite, second: str, amount: float, rng: np.random.Generator
    ) -> Composite:
        """A scene with two effects, each by its share of the amount."""
        share = float(rng.uniform(0.2, 0.8))
        target = first.source
        for effect, part in ((first.effect, 1 - share), (second, share)):
            target = self._with_effect(target, effect, amount * part, first.region, rng)
        both = (1 - share) * first.condition + share * self._condition(second, amount, rng)
        return replace(first, target=target, condition=both)

    def _with_effect(
        self,
        source: np.ndarray,
        effect: str,
        amount: float,
        region: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        if amount <= 0 or effect == NONE:
            return source
        seed = int(rng.integers(2**31))
        matte = region * matte_of(region, seed)
        moment = Moment(age=float(rng.exponential(_AGE)))
        scene = Scene(source, matte, amount, seed, moment, self.photographs)
        return np.clip(EFFECTS[effect](scene), 0, 1).astype(np.float32)

    def _condition(self, effect: str, amount: float, rng: np.random.Generator) -> np.ndarray:
        if not self.directions:
            return np.zeros(0, np.float32)
        direction = self.directions[effect].numpy() * amount
        return direction + (amount > 0) * rng.normal(0, self.shares.noise, len(direction))


def labels_of(effect: str) -> dict[str, float]:
    """Labels of the photographs that show a class, all alike."""
    if effect == NONE:
        return PLAIN
    return dict.fromkeys((label for label, kind in IMAGE_CLASS.items() if kind == effect), 1.0)
