"""How the embedded models are trained: every setting, declared once."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from soundini.config.presets import settings_from
from soundini.errors import ConfigError


class TrainRecipe(BaseModel):
    """What every training run has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int = Field(default=1000, ge=1)
    """Optimiser steps."""
    batch: int = Field(default=32, ge=1)
    """Pictures a step, over all processes together."""
    size: int = Field(default=64, ge=16)
    """Side of the pictures, pixels."""
    lr: float = Field(default=2e-4, gt=0)
    """Peak learning rate of AdamW."""
    ema: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running average that is shipped."""
    seed: int = 0
    """Where data order, noise and all other choices come from."""
    save_every: int = Field(default=250, ge=1)
    """Steps between checkpoints."""


class PriorRecipe(TrainRecipe):
    """How the diffusion prior is trained."""

    min_crop: int = Field(default=64, ge=8)
    """Smallest crop taken from a picture, pixels; the largest is its short side."""
    warmup: int = Field(default=100, ge=1)
    """Steps over which the learning rate rises."""
    decay: float = Field(default=0.4, ge=0, le=1)
    """Share of the steps, at the end, over which it falls to zero."""
    condition_lr: float = Field(default=5.0, gt=0)
    """Learning rate of what reads the condition, in units of ``lr``."""
    snr_gamma: float = Field(default=5.0, gt=0)
    """Signal-to-noise ratio from which steps count for less."""
    weights: dict[str, float] = Field(default_factory=dict)
    """Share of each picture label in a batch."""


class JointRecipe(TrainRecipe):
    """How the joint space is trained."""

    fresh: int = Field(default=8, ge=1)
    """New noisy pictures made by the prior a step; the rest come from a buffer of earlier ones."""
    buffer: int = Field(default=256, ge=2)
    """Batches of ``fresh`` pictures that the buffer holds."""
    temperature: float = Field(default=0.1, gt=0)
    """Of the contrastive softmax."""
    attack: float = Field(default=0.008, ge=0)
    """Largest root-mean-square of the adversarial perturbation, for pixels in [-1, 1]."""


RecipeT = TypeVar("RecipeT", bound=TrainRecipe)


def load_train_recipe(model: type[RecipeT], path: Path | None = None) -> RecipeT:
    """Read a YAML recipe; None for the one that the shipped weights were trained by.

    Raises:
        ConfigError: the file cannot be read, or holds something else.
    """
    import yaml

    name = model.__name__.removesuffix("Recipe").lower()
    entry = path or resources.files("soundini.training") / "recipes" / f"{name}.yaml"
    try:
        content = yaml.safe_load(entry.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"cannot read the recipe {entry}: {reason}; name a YAML file") from None
    return settings_from(content, model)
