"""Where sampling begins: the source with a rendered draft of the effect in it, noised.

A departure from the paper, for small models: the prior need not find out where flames or bolts go, it turns a draft of them
into what it has learned, under the same guidance. ``sampling.draft=0`` begins at noise instead.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.config.recipe import Recipe
from soundini.diffusion.noise import stable_seed
from soundini.editing.fading import amount_is_drawn
from soundini.editing.motion import EffectMotion
from soundini.effects.matte import matte_of
from soundini.effects.registry import EFFECTS
from soundini.effects.scene import Scene
from soundini.flow.pairs import FlowPairs
from soundini.joint.protocol import NamesSounds
from soundini.packs.pack import ModelPack

_LEAST_AMOUNT = 0.02
"""Amount of an effect below which nothing of it can be seen."""

_VARIETY = 0.4
"""How much the looks of an effect differ from seed to seed; training sees more."""


def begins_at_draft(pack: ModelPack, recipe: Recipe) -> bool:
    """Whether sampling begins at a rendered draft: the prior draws effects into what it sees, by names that are known."""
    names = isinstance(pack.joint, NamesSounds)
    return recipe.sampling.draft > 0 and names and amount_is_drawn(pack, recipe)


def start_level(pack: ModelPack, recipe: Recipe) -> float:
    """Noise level that sampling begins at, in [0, 1]."""
    config = recipe.sampling
    return min(config.draft, config.start) if begins_at_draft(pack, recipe) else config.start


def draw_drafts(
    source: Tensor,
    mask: Tensor,
    strength: Tensor,
    motion: EffectMotion,
    seed: int,
    scale: float = 1.0,
) -> Tensor:
    """Render the effects that are heard into the frames.

    Args:
        source: frames in [-1, 1].
        mask: 1 = edit.
        strength: how much of the effects, in [0, 1].
        motion: which effects, and where they have got to.
        seed: names all random choices.
        scale: how many times as large the frames are as those that are sampled.

    Shape:
        ``source``: ``[T, 3, H, W]``; ``mask``: ``[T, 1, H, W]``; ``strength``: ``[T]``; returns ``[T, 3, H, W]``.
    """
    size = (source.shape[-2], source.shape[-1])
    moments = motion.moments(size)
    pictures = ((source.float() + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    drafts = []
    for i, picture in enumerate(pictures):
        matte = matte_of(mask[i, 0].float().cpu().numpy(), seed)
        for number, name in enumerate(motion.names):
            amount = float(strength[i] * motion.shares[i, number])
            if name in EFFECTS and amount >= _LEAST_AMOUNT:
                scene = Scene(
                    picture,
                    matte,
                    amount,
                    _seed_of(seed, name),
                    moments[i][number],
                    variety=_VARIETY,
                    scale=scale,
                )
                picture = np.clip(EFFECTS[name](scene), 0, 1).astype(np.float32)
        drafts.append(picture)
    drawn = torch.from_numpy(np.stack(drafts)).permute(0, 3, 1, 2) * 2 - 1
    return drawn.contiguous().to(source)


def _seed_of(seed: int, name: str) -> int:
    return stable_seed(seed, *name.encode()) & 0x7FFFFFFF


def carry_noise(noise: Tensor, fresh: Tensor, pairs: FlowPairs) -> Tensor:
    """Carry the first frame's noise along the flow; what comes into view is drawn anew.

    Noise is carried by the nearest pixel: interpolation would take its variance down.

    Args:
        noise: noise of every frame; only the first is used.
        fresh: independent noise of every frame, for what was hidden.
        pairs: flow between neighbours.

    Shape:
        ``noise``, ``fresh``: ``[T, 3, H, W]``; returns the same.
    """
    height, width = noise.shape[-2:]
    rows = torch.arange(height, device=noise.device, dtype=noise.dtype)
    columns = torch.arange(width, device=noise.device, dtype=noise.dtype)
    carried = [noise[:1]]
    for i in range(len(noise) - 1):
        flow = pairs.flow_bwd[i : i + 1]
        x = 2 * (columns[None, None, :] + flow[:, 0]) / max(width - 1, 1) - 1
        y = 2 * (rows[None, :, None] + flow[:, 1]) / max(height - 1, 1) - 1
        grid = torch.stack([x, y], -1)
        moved = F.grid_sample(
            carried[-1], grid, mode="nearest", padding_mode="border", align_corners=True
        )
        seen = pairs.visible_bwd[i : i + 1] > 0.5
        carried.append(torch.where(seen, moved, fresh[i + 1 : i + 2]))
    return torch.cat(carried)
