"""What a joint space makes of a stretch of sound, in words."""

from __future__ import annotations

from torch import Tensor

from soundini.joint.protocol import JointSpace, NamesSounds


def mean_names(joint: JointSpace, sound_embeds: Tensor) -> dict[str, float]:
    """The probability of each class that the joint space knows, mean over some sounds, the likeliest first.

    Args:
        joint: the joint space.
        sound_embeds: of the sounds.

    Returns:
        Nothing where the space has no words, or there are no sounds.

    Shape:
        ``sound_embeds``: ``[N, dim]``.
    """
    rows = joint.name_sounds(sound_embeds) if isinstance(joint, NamesSounds) else []
    if not rows:
        return {}
    means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    return dict(sorted(means.items(), key=lambda item: -item[1]))
