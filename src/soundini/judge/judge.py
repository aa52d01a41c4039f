"""The judge: a linear probe on ImageNet features that says what a picture shows."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from soundini.errors import ConfigError, ModelError
from soundini.judge.features import SIZE, PooledFeatures
from soundini.judge.region import region_crops
from soundini.settings_files import read_json
from soundini.state_files import read_state

WEIGHTS_FILE, CARD_FILE = "judge.safetensors", "judge.json"

TURNS = "-to-"
"""Between the classes of a sound that turns from one into another: ``fire-to-rain``."""


class Judge(nn.Module):
    """Says with what probability a picture shows each class.

    p = softmax((W f(x) + b) / T), with f the pooled features of a network that guidance does not use, W and b fitted by
    multinomial logistic regression on photographs that no other training sees, and T set so that the probabilities are
    calibrated (Guo et al. 2017, arXiv 1706.04599). It knows photographs only: of pictures unlike any, it is as unsure
    or as wrong as any classifier.

    Args:
        classes: names, in the order of the probabilities.
        weight: W; frames' features are not standardised, so W must hold their scale.
        bias: b.
        temperature: T, above 0.
        recalls: of each class, the share of held-out photographs, laid into others like an edit, that it takes for the class.

    Shape:
        ``weight``: ``[classes, features]``; ``bias``: ``[classes]``.
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self,
        classes: tuple[str, ...],
        weight: Tensor,
        bias: Tensor,
        temperature: float,
        recalls: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.classes = classes
        self.recalls = recalls or {}
        self.features = PooledFeatures()
        self.register_buffer("weight", weight.float())
        self.register_buffer("bias", bias.float())
        self.temperature = temperature

    @classmethod
    def from_package(cls) -> Judge:
        """Load the judge inside the package."""
        return cls.from_folder(Path(str(resources.files("soundini.judge") / "embedded")))

    @classmethod
    def from_folder(cls, folder: Path) -> Judge:
        """Load ``judge.safetensors`` and ``judge.json`` from a folder.

        Raises:
            ModelError: a file is missing, or they do not fit each other.
        """
        card, state = read_card(folder), read_state(folder / WEIGHTS_FILE)
        try:
            judge = cls(
                tuple(card["classes"]),
                state["weight"],
                state["bias"],
                float(card["temperature"]),
                card["held_out"]["laid"]["by_class"],
            )
            fits = len(judge.classes) == len(judge.weight) == len(judge.bias)
        except (KeyError, TypeError, ValueError):
            fits = False
        if not fits:
            raise ModelError(
                "the judge in {folder} is not whole; fit it anew or reinstall soundini",
                folder=folder,
            )
        return judge

    def forward(self, frames: Tensor) -> Tensor:
        """Judge whole pictures.

        Shape:
            ``frames``: ``[T, 3, H, W]`` in [-1, 1], of any size; returns ``[T, classes]``, rows sum to 1.
        """
        return self.weigh(self.features(frames))

    def weigh(self, features: Tensor) -> Tensor:
        """Probabilities of features: ``[T, features]`` -> ``[T, classes]``."""
        return ((features @ self.weight.T + self.bias) / self.temperature).softmax(-1)

    def region(self, frames: np.ndarray, masks: np.ndarray) -> Tensor:
        """Judge the square round each frame's mask; see :meth:`region_features`.

        Shape:
            returns ``[T, classes]``.
        """
        return self.weigh(self.region_features(frames, masks))

    def region_features(self, frames: np.ndarray, masks: np.ndarray) -> Tensor:
        """Features of the square round each frame's mask.

        Args:
            frames: ``uint8`` RGB.
            masks: above 0 where the region is.

        Shape:
            ``frames``: ``[T, H, W, 3]``; ``masks``: ``[T, H, W]``; returns ``[T, features]``.

        Raises:
            MaskError: a mask is empty.
        """
        return self.features(region_crops(frames, masks, SIZE))

    def columns(self, sound: str) -> list[int]:
        """Where the probabilities of a sound's class stand; of a sound that turns (``fire-to-rain``), of both its classes.

        Raises:
            ConfigError: it is no class of the judge's.
        """
        named = sound.split(TURNS)
        if len(named) > 2 or any(name not in self.classes for name in named):
            known = ", ".join(self.classes)
            raise ConfigError(
                "the judge knows no {sound}; name the sound: {known}", sound=sound, known=known
            )
        return [self.classes.index(name) for name in named]


def read_card(folder: Path) -> Mapping[str, Any]:
    """What is known about a judge: its classes, temperature, measured accuracy and settings.

    Raises:
        ModelError: ``judge.json`` is missing or no JSON object.
    """
    path = folder / CARD_FILE
    try:
        card = read_json(path)
    except (OSError, ValueError) as error:
        raise ModelError(
            "cannot read {file}: {why}; fit the judge or reinstall soundini", file=path, why=error
        ) from None
    if not isinstance(card, dict):
        raise ModelError(
            "{file} does not describe a judge; fit it or reinstall soundini", file=path
        )
    return card
