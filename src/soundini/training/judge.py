"""Fits the judge: a probe on photographs that no other training sees, measured on held-out ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from safetensors.torch import save_file
from torch import Tensor

from soundini.errors import MediaError
from soundini.events import PicturesSeen
from soundini.judge.confusion import Confusion
from soundini.judge.features import SIZE, PooledFeatures
from soundini.judge.judge import CARD_FILE, WEIGHTS_FILE, Judge
from soundini.media.output import PartialFile
from soundini.training.augment import laid_in, shrunk, softened
from soundini.training.classes import CLASSES, IMAGE_CLASS, NONE
from soundini.training.images import LabelledImages, centre_squares
from soundini.training.mixtures import plain_crops
from soundini.training.probe import (
    Probe,
    class_importance,
    example_weights,
    fit_probe,
    fit_temperature,
)

_CHUNK = 50
_SOFT_SIDE = 96
"""Side in pixels to which held-out pictures are shrunk for all but the first measure: the default size of an edit."""

_MEASURED = ("sharp", "soft", "laid")
"""Held-out pictures unchanged, as soft as an edit, and laid into neutral pictures like an edit."""


class JudgeRecipe(BaseModel):
    """How the judge is fitted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    crops: int = Field(default=28000, ge=50)
    """Crops in all; labels are drawn by the square root of their numbers of pictures. Of fewer, two fits differ more."""
    min_crop: int = Field(default=112, ge=16)
    """Smallest crop taken from a picture, pixels; the largest is its short side."""
    folds: int = Field(default=5, ge=2)
    """Folds by which the penalty and the temperature are chosen."""
    laid: float = Field(default=0.5, ge=0, le=1)
    """Share of the crops that are laid into a neutral picture, like the edits that the judge measures."""
    neutral: float = Field(default=2.0, gt=0)
    """Importance of "none" in the fit, where other classes have 1; it stands for everything else in the world."""
    l2: tuple[float, ...] = (0.03, 0.1, 0.3)
    """Penalties tried."""
    seed: int = 0
    """Where all choices come from."""


@dataclass(frozen=True, eq=False)
class JudgeFitted:
    """The judge is fitted and measured.

    Args:
        judge: the judge.
        card: how it was fitted and how good it is, the content of ``judge.json``.
    """

    judge: Judge
    card: Mapping[str, Any]


def fit_judge(data: Path, recipe: JudgeRecipe) -> Iterator[PicturesSeen | JudgeFitted]:
    """Fit the judge on side "judge" of a data folder and measure it on side "held_out".

    Penalty and temperature are chosen by cross-validation; then the probe is fitted on all pictures. A fold is a contiguous
    part of the manifest, so that neighbours stay together.

    Args:
        data: the data folder, with ``images.csv``.
        recipe: settings.

    Yields:
        :class:`PicturesSeen` as the network works, :class:`JudgeFitted` at the end.

    Raises:
        MediaError: the folder cannot be read, or a side of it has no pictures.
    """
    network = PooledFeatures()
    images = LabelledImages(data, side="judge")
    labels = tuple(label for label in IMAGE_CLASS if images.by_label.get(label))
    others = LabelledImages(data, side="held_out")
    held_out, truth_labels = centre_squares(others, SIZE, tuple(IMAGE_CLASS))
    neutral = [label for label in labels if IMAGE_CLASS[label] == NONE]
    if not neutral or not len(held_out):
        raise MediaError(
            "{data} has too few pictures to fit and measure a judge; name a larger folder",
            data=data,
        )
    total = recipe.crops // recipe.folds * recipe.folds + len(_MEASURED) * len(held_out)
    features: list[Tensor] = []
    targets: list[int] = []
    fold: list[int] = []
    for number in range(recipe.folds):
        part = images.part(number, recipe.folds)
        rng = np.random.default_rng((recipe.seed, number))
        weights = {label: len(part.by_label[label]) ** 0.5 for label in labels}
        for count in _chunks(recipe.crops // recipe.folds):
            crops, drawn = part.crops(count, SIZE, weights, rng, min_crop=recipe.min_crop)
            laid = torch.from_numpy(rng.random(count) < recipe.laid)
            crops = softened(crops, rng)
            ground = plain_crops(part, count, SIZE, rng)
            crops[laid] = laid_in(crops, ground, rng)[laid]
            features.append(network(crops))
            targets += _numbers(drawn)
            fold += [number] * count
            yield PicturesSeen(len(targets), total)
    x, y, k = torch.cat(features), torch.tensor(targets), torch.tensor(fold)
    l2, temperature = _choose(x, y, k, recipe)
    probe = _fit(x, y, class_importance({NONE: recipe.neutral}), l2)
    measured: dict[str, Confusion] = {}
    truth, done = _numbers(truth_labels), len(y)
    for name in _MEASURED:
        taken: list[int] = []
        rng = np.random.default_rng(recipe.seed)
        for part in held_out.split(_CHUNK):
            seen = part if name == "sharp" else shrunk(part, _SOFT_SIDE)
            if name == "laid":
                seen = laid_in(seen, plain_crops(others, len(seen), SIZE, rng), rng)
            taken += probe.logits(network(seen)).argmax(1).tolist()
            yield PicturesSeen(done + len(taken), total)
        done += len(taken)
        measured[name] = Confusion.of(CLASSES, truth, taken)
    recalls = measured["laid"].by_class
    judge = Judge(CLASSES, probe.weight, probe.bias, temperature, recalls)
    yield JudgeFitted(judge, _card(recipe, images, l2, temperature, measured))


def write_judge(fitted: JudgeFitted, folder: Path) -> None:
    """Write ``judge.safetensors`` (half precision) and ``judge.json`` by atomic rename."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {"weight": fitted.judge.weight.half(), "bias": fitted.judge.bias.half()}
    with PartialFile(folder / WEIGHTS_FILE) as file:
        save_file(state, file.partial)
        file.commit()
    with PartialFile(folder / CARD_FILE) as file:
        file.partial.write_text(json.dumps(fitted.card, indent=1) + "\n")
        file.commit()


def _chunks(count: int) -> list[int]:
    return [min(_CHUNK, count - start) for start in range(0, count, _CHUNK)]


def _numbers(labels: list[str]) -> list[int]:
    return [CLASSES.index(IMAGE_CLASS[label]) for label in labels]


def _fit(x: Tensor, y: Tensor, importance: Tensor, l2: float) -> Probe:
    targets = F.one_hot(y, len(CLASSES)).float()
    return fit_probe(x, targets, example_weights(y, importance), l2)


def _choose(x: Tensor, y: Tensor, fold: Tensor, recipe: JudgeRecipe) -> tuple[float, float]:
    """The penalty that is best in cross-validation, and its temperature."""
    importance = class_importance({NONE: recipe.neutral})
    found: list[tuple[float, float, float]] = []
    for l2 in recipe.l2:
        logits = torch.zeros(len(y), len(CLASSES))
        for number in range(recipe.folds):
            out = fold == number
            logits[out] = _fit(x[~out], y[~out], importance, l2).logits(x[out])
        temperature, loss = fit_temperature(logits, y, importance)
        found.append((loss, l2, temperature))
    return min(found)[1:]


def _card(
    recipe: JudgeRecipe,
    images: LabelledImages,
    l2: float,
    temperature: float,
    measured: Mapping[str, Confusion],
) -> dict[str, Any]:
    fitted_on: dict[str, int] = dict.fromkeys(CLASSES, 0)
    for label, name in IMAGE_CLASS.items():
        fitted_on[name] += len(images.by_label.get(label, []))
    return {
        "classes": list(CLASSES),
        "network": "EfficientNet-Lite0 on ImageNet, pooled at strides 4 to 32",
        "size": SIZE,
        "l2": l2,
        "temperature": temperature,
        "fitted_on": fitted_on,
        "held_out": {
            name: {
                "accuracy": round(confusion.accuracy, 4),
                "balanced": round(confusion.balanced, 4),
                "by_class": {k: round(v, 4) for k, v in confusion.by_class.items()},
                "confusion": confusion.counts.tolist(),
            }
            for name, confusion in measured.items()
        },
        "soft_side": _SOFT_SIDE,
        "settings": recipe.model_dump(),
    }
