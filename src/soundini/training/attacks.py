"""Pictures that guidance makes, to find out where they fool the image tower, and to train it on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from soundini.diffusion.sampling import sample
from soundini.diffusion.schedule import plan_transitions, respace
from soundini.guidance.augment import AugmentConfig
from soundini.guidance.compose import GuidedDenoiser, WeightedTerm
from soundini.guidance.sound import RegionEmbeddings, SoundGuidance
from soundini.guidance.terms import RangeGuidance
from soundini.joint.embedded import TEMPERATURE
from soundini.packs.pack import ModelPack
from soundini.training.classes import CLASSES, NONE
from soundini.training.images import LabelledImages
from soundini.training.mixtures import plain_crops

_STEPS = 10
_EFFECTS = tuple(name for name in CLASSES if name != NONE)


@dataclass(frozen=True)
class Attacks:
    """Guided pictures.

    Args:
        images: in [-1, 1].
        asked: the class that guidance was to draw.
        felt: class probabilities by the tower.
        seen: class probabilities by the judge.

    Shape:
        ``images``: ``[N, 3, S, S]``; ``asked``: ``[N]``; ``felt``, ``seen``: ``[N, classes]``.
    """

    images: Tensor
    asked: Tensor
    felt: Tensor
    seen: Tensor

    def fooled(self) -> float:
        """Share of the pictures that the tower assigns to the wanted class and the judge does not."""
        rows = torch.arange(len(self.asked))
        tower = self.felt.argmax(1) == self.asked
        return float((tower & (self.seen[rows, self.asked] < 0.2)).float().mean())

    def agreement(self) -> float:
        """Correlation of the tower's and the judge's probability of the wanted class, over the pictures."""
        rows = torch.arange(len(self.asked))
        pair = torch.stack([self.felt[rows, self.asked], self.seen[rows, self.asked]])
        return float(torch.corrcoef(pair)[0, 1])

    @classmethod
    def joined(cls, parts: list[Attacks]) -> Attacks:
        """Concatenate several."""
        names = ("images", "asked", "felt", "seen")
        return cls(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


def attack(
    pack: ModelPack,
    directions: Tensor,
    images: LabelledImages,
    judge: Callable[[Tensor], Tensor],
    *,
    batches: int,
    batch: int = 16,
    size: int = 64,
    seed: int = 0,
) -> Iterator[Attacks]:
    """Turn neutral pictures into effects by guidance alone: the prior gets no condition, so only the gradients act.

    Args:
        pack: prior and joint space.
        directions: of each class, in the order of the classes.
        images: where the neutral pictures come from.
        judge: from pictures in [-1, 1] to probabilities of the classes.
        batches: how many batches are made.
        batch: pictures in one.
        size: their side, pixels.
        seed: where all choices come from.

    Yields:
        One batch after another; each has a strength and a first noise level of its own.

    Shape:
        ``directions``: ``[classes, D]``.
    """
    schedule = pack.denoiser.schedule
    for number in range(batches):
        rng = np.random.default_rng((seed, number))
        source = plain_crops(images, batch, size, rng)
        asked = torch.from_numpy(rng.integers(len(_EFFECTS), size=batch))
        asked = torch.tensor([CLASSES.index(_EFFECTS[k]) for k in asked])
        embeddings = RegionEmbeddings(
            pack.joint, torch.ones(batch, 1, size, size), AugmentConfig(views=2)
        )
        guided = GuidedDenoiser(
            pack.denoiser,
            [
                WeightedTerm(1.0, SoundGuidance(embeddings, directions[asked])),
                WeightedTerm(2.0, RangeGuidance()),
            ],
            strength=float(rng.uniform(0.1, 0.6)),
            guide_until=round(float(rng.uniform(0, 0.3)) * schedule.num_timesteps),
            seed=number,
        )
        start = round(float(rng.uniform(0.7, 0.95)) * schedule.num_timesteps)
        noise = torch.from_numpy(rng.standard_normal(source.shape)).float()
        drawn = source
        for step in sample(
            guided,
            schedule,
            plan_transitions(respace(start, _STEPS)),
            schedule.q_sample(source, noise, start),
            noise=lambda _, n=noise: n,
            method="ddim",
            clip=True,
        ):
            drawn = step.x
        drawn = drawn.clamp(-1, 1)
        with torch.no_grad():
            cosines = pack.joint.embed_images(drawn) @ directions.T
            yield Attacks(drawn, asked, (cosines / TEMPERATURE).softmax(-1), judge(drawn))
