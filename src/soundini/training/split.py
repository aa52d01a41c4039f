"""Splits the data into sides: for training, for fitting the judge, and held out."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Literal

Side = Literal["train", "judge", "held_out"]
Row = Mapping[str, str]

IMAGE_SHARES: dict[Side, float] = {"held_out": 0.12, "judge": 0.2}
"""Shares of a label's groups of pictures; the rest is trained on."""

SOUND_SHARES: dict[Side, float] = {"held_out": 0.15}
"""Shares of a label's groups of recordings; the rest is trained on."""

NEIGHBOURS = 8
"""Files of a source count as one scene if their numbers lie within a block of this length."""

_TAKE = re.compile(r"-[A-Z]$")
_NUMBER = re.compile(r"(\d+)$")


def sides(rows: Sequence[Row], shares: Mapping[Side, float]) -> list[Side]:
    """Assign the rows of a manifest to sides, label by label; groups stay together.

    The groups of a label (see :func:`group_of`) are ordered by the hash of their names; the first share of them goes to
    the first side, and so on. Every label with at least eight groups has two on every side.

    Args:
        rows: rows of a manifest, with ``path`` and ``label``.
        shares: share of each side but "train", in [0, 1].

    Returns:
        The side of each row.
    """
    groups: dict[str, set[str]] = {}
    for row in rows:
        groups.setdefault(row["label"], set()).add(group_of(row))
    side_of: dict[tuple[str, str], Side] = {}
    for label, names in groups.items():
        ordered = sorted(names, key=_digest)
        taken = 0
        for side, share in shares.items():
            count = max(round(share * len(ordered)), min(2, len(ordered) // 8))
            side_of |= {(label, name): side for name in ordered[taken : taken + count]}
            taken += count
    return [side_of.get((row["label"], group_of(row)), "train") for row in rows]


def group_of(row: Row) -> str:
    """The group that a file must stay with: its recording, its film, or itself.

    The column ``group`` names it, if there is one. Else takes of one recording (``1-17150-A``, ``1-17150-B``, known by the
    column ``original``) form a group, and so do numbered files of one source that are close neighbours.
    """
    if row.get("group"):
        return row["group"]
    source = row.get("source", "")
    if row.get("original"):
        stem = PurePosixPath(row["original"]).stem
        return f"{source}/{_TAKE.sub('', stem)}"
    number = _NUMBER.search(PurePosixPath(row["path"]).stem)
    if number is None:
        return row["path"]
    return f"{source}/{PurePosixPath(row['path']).parent}/{int(number[1]) // NEIGHBOURS}"


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=8).digest()
