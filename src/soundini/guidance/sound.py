"""Sound guidance: the region should look as the sound suggests (L_SG), and change as the sound changes (L_DSG)."""

import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.guidance.augment import AugmentConfig, affine_views
from soundini.guidance.context import GuidanceContext
from soundini.joint.protocol import JointSpace


class RegionEmbeddings:
    """Embeds the masked region of every frame of a window, once a step, for every term that asks.

    Args:
        joint: the joint space.
        mask: 1 = edit.
        augment: the views that the image encoder sees.

    Shape:
        ``mask``: ``[T, 1, H, W]``; calls return ``[views, T, D]``.
    """

    def __init__(self, joint: JointSpace, mask: Tensor, augment: AugmentConfig) -> None:
        self.joint = joint
        self.mask = mask
        self.augment = augment
        self.region = mask_region(mask)

    def __call__(self, context: GuidanceContext) -> Tensor:
        """Unit embeddings of this step's views."""
        return context.once(self, lambda: self._embed(context))

    def _embed(self, context: GuidanceContext) -> Tensor:
        views = affine_views(
            context.x_in * self.mask,
            self.region,
            self.joint.image_size,
            self.augment,
            context.generator,
        )
        return self.joint.embed_images(views.flatten(0, 1)).unflatten(0, views.shape[:2])


class SoundGuidance:
    """L_SG = d_cos(f_v(x_in · m), f_s(s)), averaged over the views (Soundini, eq. of section 3; method of CLIP guidance).

    Args:
        embeddings: the region's embeddings.
        sound_embeds: target of each frame, unit length.

    Shape:
        ``sound_embeds``: ``[T, D]``; calls return ``[T]`` in [0, 2].
    """

    name = "sound"

    def __init__(self, embeddings: RegionEmbeddings, sound_embeds: Tensor) -> None:
        self.embeddings = embeddings
        self.sound_embeds = sound_embeds

    def __call__(self, context: GuidanceContext) -> Tensor:
        """Cosine distance of each frame's region to its sound."""
        return (1 - (self.embeddings(context) * self.sound_embeds).sum(-1)).mean(0)


@torch.no_grad()
def region_similarity(
    joint: JointSpace, frames: Tensor, mask: Tensor, sound_embeds: Tensor
) -> Tensor:
    """Cosine of each finished frame's region, seen whole, to its sound.

    Args:
        joint: the joint space.
        frames: in [-1, 1].
        mask: 1 = edit.
        sound_embeds: target of each frame, unit length.

    Shape:
        ``frames``: ``[T, 3, H, W]``; ``mask``: ``[T, 1, H, W]``; ``sound_embeds``: ``[T, D]``; returns ``[T]``.
    """
    plain = AugmentConfig(views=1)
    region = mask_region(mask)
    views = affine_views(frames * mask, region, joint.image_size, plain, torch.Generator())
    return (joint.embed_images(views[0]) * sound_embeds).sum(-1)


class DirectionalSoundGuidance:
    """L_DSG = d_cos(dv, dz): from frame to frame, the region moves in the joint space as the sound does.

    A pair over which the sound does not change has no direction, and one over which it hardly changes has that of noise; they
    are left out.

    Args:
        embeddings: the region's embeddings.
        sound_embeds: target of each frame, unit length.
        min_change: length of dz, 0 to 2, up to which a pair is left out. Unit embeddings are rounded by some 1e-7.

    Shape:
        ``sound_embeds``: ``[T, D]``; calls return ``[T]``: half of each pair's distance to either frame.
    """

    name = "directional"

    def __init__(
        self, embeddings: RegionEmbeddings, sound_embeds: Tensor, min_change: float = 1e-2
    ) -> None:
        self.embeddings = embeddings
        self.change = sound_embeds.diff(dim=0)
        self.active = (self.change.norm(dim=-1) > min_change).to(sound_embeds)

    def __call__(self, context: GuidanceContext) -> Tensor:
        """Cosine distance between the change of the image and the change of the sound."""
        image_change = self.embeddings(context).diff(dim=1)
        similarity = F.cosine_similarity(image_change, self.change.expand_as(image_change), dim=-1)
        per_pair = (1 - similarity).mean(0) * self.active
        return pairs_to_frames(per_pair)


def pairs_to_frames(per_pair: Tensor) -> Tensor:
    """Give half of each neighbouring pair's loss to either frame: ``[T - 1]`` -> ``[T]``."""
    return 0.5 * (F.pad(per_pair, (0, 1)) + F.pad(per_pair, (1, 0)))


def mask_region(mask: Tensor) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what the masks of a window cover together, in pixels.

    Shape:
        ``mask``: ``[T, 1, H, W]``.
    """
    covered = mask.amax((0, 1)) > 0.5
    if not bool(covered.any()):
        covered = mask.amax((0, 1)) > 0
    rows, columns = (torch.nonzero(covered.any(dim)).flatten() for dim in (1, 0))
    if len(rows) == 0:
        return 0.0, 0.0, float(mask.shape[-1]), float(mask.shape[-2])
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
