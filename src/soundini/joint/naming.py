"""Names the classes of sounds with a joint space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from soundini.joint.protocol import JointSpace, NamesSounds


@dataclass(frozen=True)
class Stretch:
    """A span of time in which one class is the likeliest.

    Args:
        begin: seconds.
        end: seconds.
        name: the class.
        share: its mean probability, 0 to 1.
    """

    begin: float
    end: float
    name: str
    share: float


def mean_names(joint: JointSpace, sound_embeds: Tensor) -> dict[str, float]:
    """Mean probability of each class over some sounds, the likeliest first.

    Args:
        joint: the joint space.
        sound_embeds: of the sounds.

    Returns:
        Nothing if the space knows no classes, or there are no sounds.

    Shape:
        ``sound_embeds``: ``[N, dim]``.
    """
    rows = joint.name_sounds(sound_embeds) if isinstance(joint, NamesSounds) else []
    if not rows:
        return {}
    means = {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
    return dict(sorted(means.items(), key=lambda item: -item[1]))


def stretches(
    moments: Sequence[tuple[float, Mapping[str, float]]], seconds: float
) -> list[Stretch]:
    """Join neighbouring moments that have the same likeliest class.

    Args:
        moments: rising times, each with the probability of each class.
        seconds: where the last stretch ends.
    """
    found: list[tuple[float, float, str, list[float]]] = []
    for number, (at, shares) in enumerate(moments):
        begin = 0.0 if number == 0 else (at + moments[number - 1][0]) / 2
        last = number + 1 == len(moments)
        end = seconds if last else (at + moments[number + 1][0]) / 2
        name = max(shares, key=lambda key: shares[key])
        if found and found[-1][2] == name:
            found[-1] = (found[-1][0], end, name, [*found[-1][3], shares[name]])
        else:
            found.append((begin, end, name, [shares[name]]))
    return [Stretch(a, b, name, sum(s) / len(s)) for a, b, name, s in found if b > a]
