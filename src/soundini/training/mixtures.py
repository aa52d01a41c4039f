"""Training pictures with an effect of known strength: blended or pasted, masked, and as noisy as in guidance."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.diffusion.denoiser import UNetDenoiser
from soundini.diffusion.schedule import NoiseSchedule
from soundini.training.classes import CLASSES, IMAGE_CLASS, IMAGE_WEIGHTS, NONE
from soundini.training.images import LabelledImages


@dataclass(frozen=True)
class Mixtures:
    """Pictures and their class shares.

    Args:
        images: in [-1, 1].
        targets: distribution over the classes.

    Shape:
        ``images``: ``[B, 3, S, S]``; ``targets``: ``[B, classes]``.
    """

    images: Tensor
    targets: Tensor


def soft_masks(count: int, size: int, generator: np.random.Generator) -> Tensor:
    """Random soft shapes: an ellipse with a random edge, cut by random low-frequency waves.

    Shape:
        returns ``[count, 1, size, size]`` in [0, 1].
    """
    grid = (torch.arange(size) + 0.5) / size
    r = torch.from_numpy(generator.uniform(size=(count, 8))).float()[..., None, None]
    x, y = grid[None, None, :] - 0.3 - 0.4 * r[:, 0], grid[None, :, None] - 0.3 - 0.4 * r[:, 1]
    distance = ((x / (0.2 + 0.45 * r[:, 2])) ** 2 + (y / (0.2 + 0.45 * r[:, 3])) ** 2).sqrt()
    noise = torch.from_numpy(generator.standard_normal((count, 1, 6, 6))).float()
    waves = F.interpolate(noise, (size, size), mode="bicubic", align_corners=False)[:, 0]
    edge = 0.05 + 0.3 * r[:, 4]
    return ((1 - distance + 0.3 * waves * r[:, 5]) / edge + 0.5).clamp(0, 1)[:, None]


def plain_crops(
    images: LabelledImages, count: int, size: int, generator: np.random.Generator
) -> Tensor:
    """Crops of pictures without an effect: ``[count, 3, size, size]``."""
    plain = {k: v for k, v in IMAGE_WEIGHTS.items() if IMAGE_CLASS[k] == NONE}
    return images.crops(count, size, plain, generator)[0]


def draw_mixtures(
    images: LabelledImages, count: int, size: int, generator: np.random.Generator
) -> Mixtures:
    """Pictures of one class, or an effect over a neutral picture at a random opacity or over a random part.

    The target holds the effect's share, so that more of it means more.
    """
    effect, labels = images.crops(count, size, IMAGE_WEIGHTS, generator, min_crop=48)
    neutral = plain_crops(images, count, size, generator)
    kind = torch.from_numpy(generator.uniform(size=count)).float().view(-1, 1, 1, 1)
    opacity = torch.from_numpy(generator.uniform(0.1, 0.95, size=count)).float().view(-1, 1, 1, 1)
    weight = torch.ones(count, 1, size, size)
    weight = torch.where(kind < 0.25, opacity.expand_as(weight), weight)
    weight = torch.where(kind > 0.65, soft_masks(count, size, generator), weight)
    targets = torch.zeros(count, len(CLASSES))
    share = weight.mean((1, 2, 3))
    index = torch.tensor([CLASSES.index(IMAGE_CLASS[label]) for label in labels])
    targets[torch.arange(count), index] += share
    targets[:, CLASSES.index(NONE)] += 1 - share
    return Mixtures(weight * effect + (1 - weight) * neutral, targets)


@torch.no_grad()
def as_guidance_sees(
    denoiser: UNetDenoiser,
    images: Tensor,
    generator: torch.Generator,
    t_range: tuple[int, int] = (60, 850),
) -> Tensor:
    """x_in = f x0_hat + (1 - f) x_t with f = sqrt(1 - abar_t), at one random timestep for the batch.

    Shape:
        ``images``: ``[B, 3, H, W]``; returns the same.
    """
    t = int(torch.randint(*t_range, (1,), generator=generator))
    x = denoiser.schedule.q_sample(images, torch.randn(images.shape, generator=generator), t)
    share = (1 - denoiser.schedule.abar(t)) ** 0.5
    return share * denoiser(x, t).pred_xstart + (1 - share) * x


def softened_like_noise(
    images: Tensor,
    schedule: NoiseSchedule,
    generator: np.random.Generator,
    t_range: tuple[int, int] = (0, 850),
) -> Tensor:
    """A stand-in for :func:`as_guidance_sees` that needs no network, at a random timestep for each picture.

    A prior's prediction of a noisy picture is about that picture at a lower resolution. So the picture is shrunk, the more the
    noisier it is, and mixed with x_t in the same shares.

    Shape:
        ``images``: ``[B, 3, S, S]``; returns the same.
    """
    side = images.shape[-1]
    out = []
    for image in images.split(1):
        t = int(generator.integers(*t_range))
        share = (1 - schedule.abar(t)) ** 0.5
        keep = max(6, round(side * (1 - 0.95 * share)))
        small = F.interpolate(image, (keep, keep), mode="area")
        estimate = F.interpolate(small, (side, side), mode="bicubic", align_corners=False)
        eps = torch.from_numpy(generator.standard_normal(image.shape)).float()
        out.append(share * estimate + (1 - share) * schedule.q_sample(image, eps, t))
    return torch.cat(out)
