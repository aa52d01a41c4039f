"""The fixed points of a joint space: what is neutral, and where each class of sounds lies."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.training.classes import CLASSES, IMAGE_CLASS, NONE
from soundini.training.images import LabelledImages
from soundini.training.joint import JointTowers
from soundini.training.sounds import SoundFeatures


@torch.no_grad()
def anchors(
    towers: JointTowers,
    images: LabelledImages,
    sounds: SoundFeatures,
    *,
    size: int = 64,
    pictures: int = 900,
    seed: int = 3,
) -> dict[str, Tensor]:
    """Neutral image, neutral sound, and a prototype of each class of sounds, all from training material.

    Args:
        towers: trained towers.
        images: photographs; the neutral image is the mean unit embedding of those without an effect.
        sounds: sound features; only windows at full level count.
        size: side of the pictures.
        pictures: how many are drawn, every label equally often.
        seed: of that draw.

    Returns:
        ``neutral_image``, ``neutral_sound`` and ``prototype.NAME`` for each class but "none".

    Shape:
        each ``[D]``.
    """
    towers.eval()
    drawn, labels = images.crops(
        pictures, size, dict.fromkeys(IMAGE_CLASS, 1.0), np.random.default_rng(seed), min_crop=90
    )
    plain = torch.tensor([IMAGE_CLASS[label] == NONE for label in labels])
    image = F.normalize(torch.cat([towers.image_tower(x) for x in drawn.split(100)]), dim=-1)
    sound = F.normalize(towers.sound_head(sounds.features), dim=-1)
    full = sounds.targets.amax(1) > 0.99
    kind = sounds.targets.argmax(1)
    neutral_sound = sound[full & (kind == CLASSES.index(NONE))].mean(0)
    relative = F.normalize(sound - neutral_sound, dim=-1)
    return {
        "neutral_image": image[plain].mean(0),
        "neutral_sound": neutral_sound,
        **{
            f"prototype.{name}": F.normalize(relative[full & (kind == k)].mean(0), dim=-1)
            for k, name in enumerate(CLASSES)
            if name != NONE
        },
    }
