"""Photographs by label, held in memory, and the random crops that training draws from them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from soundini.geometry import Box, to_model
from soundini.training.manifest import read_manifest
from soundini.training.split import IMAGE_SHARES, Side, sides

_LEAST_CONTRAST = 8.0
"""A picture whose values (0 to 255) have a smaller standard deviation is left out."""

_MOST_BLACK_OR_WHITE = 0.9
"""A picture with a larger share of values at the ends of the range counts as a mask or a drawing."""


class LabelledImages:
    """Photographs of a data folder, decoded once.

    The folder holds ``images.csv`` with the columns ``path`` and ``label``; :func:`soundini.training.split.sides` says
    which picture is trained on.

    Args:
        folder: the data folder.
        side: which pictures are kept.
        max_short_side: pictures are shrunk to this short side in pixels.
        evenness: 0, all pictures of a label are equally likely; 1, all its sources are.

    Nearly uniform pictures (black frames of a camera at night), masks and line drawings are left out.

    Raises:
        MediaError: the folder has no readable ``images.csv``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        side: Side = "train",
        max_short_side: int = 192,
        evenness: float = 0.0,
    ) -> None:
        rows = read_manifest(folder / "images.csv")
        self.by_label: dict[str, list[np.ndarray]] = {}
        sources: dict[str, list[str]] = {}
        for row, its_side in zip(rows, sides(rows, IMAGE_SHARES), strict=True):
            if its_side != side:
                continue
            with Image.open(folder / row["path"]) as image:
                picture = image.convert("RGB")
            scale = max_short_side / min(picture.size)
            if scale < 1:
                size = (round(picture.width * scale), round(picture.height * scale))
                picture = picture.resize(size, Image.Resampling.LANCZOS)
            pixels = np.asarray(picture)
            if pixels.std() < _LEAST_CONTRAST or _is_drawing(pixels):
                continue
            self.by_label.setdefault(row["label"], []).append(pixels)
            sources.setdefault(row["label"], []).append(row.get("source", ""))
        self.chances = {label: _chances(names, evenness) for label, names in sources.items()}

    def part(self, number: int, parts: int) -> LabelledImages:
        """Part ``number`` of ``parts`` of the pictures of every label, all equally likely."""
        part = copy.copy(self)
        part.by_label = {
            label: [p for i, p in enumerate(pictures) if i * parts // len(pictures) == number]
            for label, pictures in self.by_label.items()
        }
        part.chances = {label: _chances([""] * len(p), 0) for label, p in part.by_label.items()}
        return part

    def crops(
        self,
        batch: int,
        size: int,
        weights: Mapping[str, float],
        generator: np.random.Generator,
        *,
        min_crop: int = 64,
    ) -> tuple[Tensor, list[str]]:
        """Random square crops at random scales, flipped half of the time.

        Args:
            batch: how many.
            size: side of the returned crops, pixels.
            weights: share of each label; labels without pictures are left out.
            generator: where the choices come from.
            min_crop: smallest side in the picture; the largest is its short side.

        Shape:
            returns ``[batch, 3, size, size]`` in [-1, 1], and the label of each.
        """
        labels = [label for label in weights if self.by_label.get(label)]
        shares = np.array([weights[label] for label in labels])
        chosen = [labels[i] for i in generator.choice(len(labels), batch, p=shares / shares.sum())]
        return torch.stack([self._crop(each, size, generator, min_crop) for each in chosen]), chosen

    def _crop(self, label: str, size: int, generator: np.random.Generator, min_crop: int) -> Tensor:
        """A crop of a picture of ``label``: ``[3, size, size]``."""
        pictures = self.by_label[label]
        picture = pictures[generator.choice(len(pictures), p=self.chances[label])]
        height, width = picture.shape[:2]
        side = round(float(np.exp(generator.uniform(*np.log(_crop_range(picture, min_crop))))))
        y, x = generator.integers(height - side + 1), generator.integers(width - side + 1)
        crop = picture[y : y + side, x : x + side]
        if generator.random() < 0.5:
            crop = crop[:, ::-1]
        tensor = torch.from_numpy(crop.copy()).permute(2, 0, 1).float() / 127.5 - 1
        if side != size:
            tensor = F.interpolate(
                tensor[None], (size, size), mode="bicubic", antialias=True, align_corners=False
            )[0].clamp(-1, 1)
        return tensor


def _is_drawing(pixels: np.ndarray) -> bool:
    """Whether nearly all of a picture is black or white, as in masks and line drawings."""
    return float(((pixels < 12) | (pixels > 243)).mean()) > _MOST_BLACK_OR_WHITE


def _chances(sources: list[str], evenness: float) -> np.ndarray:
    """Probability of each picture, by its source."""
    _, source, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weight = counts[source] ** -float(evenness)
    return weight / weight.sum()


def _crop_range(picture: np.ndarray, min_crop: int) -> tuple[int, int]:
    short = min(picture.shape[:2])
    return min(min_crop, short), short


def centre_square(picture: np.ndarray, size: int) -> Tensor:
    """The largest square in the middle of a picture, resized.

    Shape:
        ``picture``: ``uint8 [H, W, 3]``; returns ``[1, 3, size, size]`` in [-1, 1].
    """
    height, width = picture.shape[:2]
    side = min(height, width)
    box = Box((width - side) // 2, (height - side) // 2, side, side)
    return to_model(picture[None], box, (size, size))


def centre_squares(
    images: LabelledImages, size: int, labels: tuple[str, ...]
) -> tuple[Tensor, list[str]]:
    """The centre squares of all pictures with one of the labels, and their labels.

    Shape:
        returns ``[N, 3, size, size]`` in [-1, 1].
    """
    found = [(label, p) for label in labels for p in images.by_label.get(label, [])]
    if not found:
        return torch.zeros(0, 3, size, size), []
    return torch.cat([centre_square(p, size) for _, p in found]), [label for label, _ in found]
