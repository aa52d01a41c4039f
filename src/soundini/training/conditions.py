"""Pictures and the sounds that go with them, as the prior is trained on: crops and conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from soundini.config.recipe import SoundConfig
from soundini.joint.embedded import EmbeddedJointSpace
from soundini.training.classes import CLASSES, HEARD_WITH, NONE
from soundini.training.images import LabelledImages
from soundini.training.sounds import SoundFeatures

NEUTRAL_LABELS = {"generic": 0.6, "forest": 0.2, "clouds": 0.2}


@dataclass(frozen=True)
class HeardPictures:
    """Draws crops with the embedding of a sound that goes with each.

    Args:
        images: where crops come from.
        sounds: embeddings of sounds, by class.
        dropped: share of the crops that get the empty condition.
        blended: share of the crops that lie half-transparent over a neutral picture; their condition
            is shortened as they are faded, so that a weaker one means less.
        noise: standard deviation of what is added to a condition.

    Shape:
        ``sounds``: class -> ``[n, D]``.
    """

    images: LabelledImages
    sounds: Mapping[str, Tensor]
    dropped: float = 0.12
    blended: float = 0.12
    noise: float = 0.02

    def draw(
        self,
        batch: int,
        size: int,
        weights: Mapping[str, float],
        rng: np.random.Generator,
        *,
        min_crop: int = 64,
    ) -> tuple[Tensor, Tensor]:
        """Crops and conditions: ``[batch, 3, size, size]`` in [-1, 1] and ``[batch, D]``."""
        crops, labels = self.images.crops(batch, size, weights, rng, min_crop=min_crop)
        heard = torch.stack([self._heard(label, rng) for label in labels])
        heard = heard + self.noise * torch.from_numpy(rng.standard_normal(heard.shape)).float()
        count = int((rng.random(batch) < self.blended).sum())
        if count:
            neutral, _ = self.images.crops(count, size, NEUTRAL_LABELS, rng, min_crop=min_crop)
            opacity = torch.from_numpy(rng.uniform(0.2, 0.9, count)).float()
            crops[:count] = torch.lerp(neutral, crops[:count], opacity.view(-1, 1, 1, 1))
            heard[:count] *= opacity.view(-1, 1)
        heard[torch.from_numpy(rng.random(batch) < self.dropped)] = 0
        return crops, heard

    def _heard(self, label: str, rng: np.random.Generator) -> Tensor:
        classes = HEARD_WITH.get(label, {NONE: 1.0})
        chosen = list(classes)[rng.choice(len(classes), p=list(classes.values()))]
        pool = self.sounds[chosen]
        return pool[rng.integers(len(pool))]


@torch.no_grad()
def sound_conditions(joint: EmbeddedJointSpace, sounds: SoundFeatures) -> dict[str, Tensor]:
    """What an edit would tell the prior of the sounds of each class: name -> ``[n, D]``.

    Windows that are too quiet to be of their class are left out, and so are those that the joint space takes for another
    class, or the prior would learn to draw the sea where it rains; where it mistakes all of a class, all are kept.
    """
    embeds = joint.embed_features(sounds.features)
    told = torch.lerp(embeds, joint.typical_sounds(embeds), SoundConfig().typical)
    named = [max(shares, key=shares.__getitem__) for shares in joint.name_sounds(embeds)]
    share, kind = sounds.targets.max(1)
    conditions = {}
    for number, name in enumerate(CLASSES):
        mine = (kind == number) & (share > 0.75)
        right = mine & torch.tensor([each == name for each in named])
        conditions[name] = told[right if right.any() else mine]
    return conditions
