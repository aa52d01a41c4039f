"""How well the joint space tells held-out sounds by pictures, and held-out pictures by sounds, without training for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.evaluation.subject import Subject, joint_of
from soundini.events import ItemMeasured
from soundini.joint.embedded import EmbeddedJointSpace
from soundini.judge.confusion import Confusion
from soundini.training.classes import CLASSES, IMAGE_CLASS, NONE
from soundini.training.images import LabelledImages, centre_squares
from soundini.training.manifest import read_manifest
from soundini.training.recordings import load_recordings
from soundini.training.sounds import SoundFeatures, sound_features
from soundini.training.split import IMAGE_SHARES, sides

PART = "spaces"

PROTOTYPE_PICTURES = 150
"""Training pictures of each label, at most, that a prototype is the mean of."""

_CHUNK = 100
_UNNAMED = "unnamed"


@dataclass(frozen=True)
class ZeroShot:
    """Nearest-prototype answers.

    Args:
        told: what is told: "sounds" or "pictures".
        counts: true classes (rows) taken for classes (columns).
        by_source: right answers and all answers, by the source of the material.
    """

    told: str
    counts: list[list[int]]
    by_source: dict[str, tuple[int, int]]

    @property
    def confusion(self) -> Confusion:
        """The counts as a table."""
        return Confusion(CLASSES, np.array(self.counts))

    @classmethod
    def of(
        cls, told: str, truth: Sequence[int], taken_for: Sequence[int], sources: Sequence[str]
    ) -> ZeroShot:
        """Count answers."""
        by_source: dict[str, tuple[int, int]] = {}
        for true, taken, source in zip(truth, taken_for, sources, strict=True):
            right, total = by_source.get(source, (0, 0))
            by_source[source] = right + int(true == taken), total + 1
        counts = Confusion.of(CLASSES, truth, taken_for).counts.tolist()
        return cls(told, counts, by_source)


def evaluate_spaces(subject: Subject) -> Iterator[ItemMeasured]:
    """Tell held-out sounds by pictures, then held-out pictures by sounds.

    Yields:
        :class:`ItemMeasured` with the fields of :class:`ZeroShot`.
    """
    joint = joint_of(subject.pack)
    for done, tell in enumerate((tell_sounds, tell_pictures), 1):
        measured = subject.item(
            partial(tell, subject.data, joint), {"part": PART, "told": tell.__name__}
        )
        yield ItemMeasured(PART, done, 2, measured)


@torch.no_grad()
def tell_sounds(data: Path, joint: EmbeddedJointSpace) -> ZeroShot:
    """Every window of every held-out recording at full level, by the nearest prototype of pictures.

    The prototype of a class, "none" included, is the mean embedding of its training pictures, normalised; the nearest is
    the one with the largest cosine.
    """
    images = LabelledImages(data)
    images.by_label = {label: _spread(found) for label, found in images.by_label.items()}
    pictures, labels = centre_squares(images, joint.image_size, tuple(IMAGE_CLASS))
    prototypes = class_means(_embed_pictures(joint, pictures), _numbers(labels))
    recordings = load_recordings(data, joint.mel, side="held_out")
    sounds = sound_features(recordings, joint)
    return ZeroShot.of(
        "sounds",
        sounds.targets.argmax(1).tolist(),
        nearest(_embed_sounds(joint, sounds), prototypes).tolist(),
        [recordings[number].source or _UNNAMED for number in sounds.recording.tolist()],
    )


@torch.no_grad()
def tell_pictures(data: Path, joint: EmbeddedJointSpace) -> ZeroShot:
    """Every held-out picture of an effect, by the nearest prototype of sounds; see :func:`tell_sounds`."""
    sounds = sound_features(load_recordings(data, joint.mel), joint)
    prototypes = class_means(_embed_sounds(joint, sounds), sounds.targets.argmax(1))
    effects = tuple(label for label, name in IMAGE_CLASS.items() if name != NONE)
    images = LabelledImages(data, side="held_out")
    pictures, labels = centre_squares(images, joint.image_size, effects)
    sources = _held_out_sources(data)
    return ZeroShot.of(
        "pictures",
        _numbers(labels).tolist(),
        nearest(_embed_pictures(joint, pictures), prototypes).tolist(),
        [source for label in effects for source in sources.get(label, [])],
    )


def class_means(embeds: Tensor, classes: Tensor) -> Tensor:
    """The prototype of each class: its mean embedding, normalised; 0 where it has none.

    Shape:
        ``embeds``: ``[N, D]``; ``classes``: ``[N]``; returns ``[classes, D]``.
    """
    sums = torch.zeros(len(CLASSES), embeds.shape[1]).index_add(0, classes, embeds)
    return F.normalize(sums, dim=-1)


def nearest(embeds: Tensor, prototypes: Tensor) -> Tensor:
    """The number of the prototype with the largest cosine; those that are 0 are never nearest.

    Shape:
        ``embeds``: ``[N, D]``; ``prototypes``: ``[classes, D]``; returns ``[N]``.
    """
    absent = ~prototypes.any(1)
    return (embeds @ prototypes.T).masked_fill(absent, -torch.inf).argmax(1)


def _embed_pictures(joint: EmbeddedJointSpace, pictures: Tensor) -> Tensor:
    parts = [joint.embed_images(part) for part in pictures.split(_CHUNK) if len(part)]
    return torch.cat([torch.zeros(0, joint.dim), *parts])


def _embed_sounds(joint: EmbeddedJointSpace, sounds: SoundFeatures) -> Tensor:
    return joint.embed_features(sounds.features)


def _spread(pictures: list[np.ndarray]) -> list[np.ndarray]:
    return pictures[:: max(1, -(-len(pictures) // PROTOTYPE_PICTURES))]


def _numbers(labels: Iterable[str]) -> Tensor:
    return torch.tensor([CLASSES.index(IMAGE_CLASS[label]) for label in labels], dtype=torch.long)


def _held_out_sources(folder: Path) -> dict[str, list[str]]:
    """The source of every held-out picture by label, in the order in which ``LabelledImages`` holds them."""
    rows = read_manifest(folder / "images.csv")
    found: dict[str, list[str]] = {}
    for row, side in zip(rows, sides(rows, IMAGE_SHARES), strict=True):
        if side == "held_out":
            found.setdefault(row["label"], []).append(row.get("source") or _UNNAMED)
    return found
