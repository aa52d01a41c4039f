"""What a benchmark compares, and on what: declared in YAML."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from soundini.config.presets import load_preset, override, settings_from
from soundini.config.recipe import Recipe
from soundini.errors import ConfigError
from soundini.evaluation.clips import EvaluationClip

_NAME = re.compile(r"[\w][\w.-]{0,60}")


class Suite(BaseModel):
    """Every clip is edited by every sound with every variant."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clips: list[EvaluationClip] = Field(min_length=1)
    """Videos and their regions; paths are as seen from the folder of the data."""
    sounds: dict[str, str] = Field(min_length=1)
    """Class of the sound, as the judge calls it -> an audio file."""
    variants: dict[str, list[str]] = Field(min_length=1)
    """Name -> settings that differ from the preset's, such as "method=blended-diffusion"."""
    preset: str = "fast"
    """Preset of all variants."""
    frames: int = Field(default=14, ge=2)
    """Frames of each clip, from its start."""
    seed: int = 0
    """Of all edits."""
    shown: list[str] = []
    """Clips whose pictures may be published on a page; all, where none is named."""

    @field_validator("sounds", "variants")
    @classmethod
    def _names_are_file_names(cls, named: dict[str, object]) -> dict[str, object]:
        for name in named:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name: use letters, digits, '.', '_' and '-'")
        return named

    def recipe(self, variant: str) -> Recipe:
        """Settings of a variant.

        Raises:
            ConfigError: it sets what there is not, or a value out of range.
        """
        try:
            settings = [f"seed={self.seed}", *self.variants[variant]]
            return override(load_preset(self.preset), settings)
        except ConfigError as error:
            raise ConfigError(f"variant {variant}: {error}") from None


def load_suite(path: Path, folder: Path) -> Suite:
    """Read a suite and check it: settings, and that every file is there.

    Args:
        path: the suite.
        folder: where its files lie.

    Raises:
        ConfigError: it cannot be read or holds something else, a file is missing, or two clips have one name.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read the suite {path}: {str(error).splitlines()[0]}") from None
    try:
        suite = settings_from(content, Suite)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    for variant in suite.variants:
        suite.recipe(variant)
    named = [clip.clip for clip in suite.clips] + list(suite.sounds.values())
    for name in named + [clip.mask for clip in suite.clips if clip.mask is not None]:
        if not (folder / name).exists():
            raise ConfigError(
                f"{path}: there is no {name} in {folder}; name the folder with --data"
            )
    names = [clip.name for clip in suite.clips]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: two clips are called {name}; rename one")
    for name in suite.shown:
        if name not in names:
            raise ConfigError(f"{path}: shown: there is no clip {name}; choose from {names}")
    return suite
