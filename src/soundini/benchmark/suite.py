"""What a benchmark compares, and on what: declared in YAML."""

import re
from functools import cached_property
from pathlib import Path

from pydantic import Field, field_validator

from soundini.config.presets import load_preset, override
from soundini.config.recipe import Recipe
from soundini.config.section import Section, settings_from
from soundini.errors import ConfigError, Option
from soundini.evaluation.clips import EvaluationClip
from soundini.judge.judge import TURNS
from soundini.settings_files import read_yaml

_NAME = re.compile(r"[\w][\w.-]{0,60}")


class Sweep(Section):
    """A setting and what it is set to, all else as in the first variant: a curve of coherence against motion."""

    setting: str
    """Such as guidance.lambda_flow."""
    values: list[float] = Field(min_length=2)
    """In the order in which the curve joins them."""


class Suite(Section):
    """Every clip is edited by every sound with every variant."""

    clips: list[EvaluationClip] = Field(min_length=1)
    """Videos and their regions; paths are as seen from the folder of the data."""
    sounds: dict[str, str | tuple[str, str]] = Field(min_length=1)
    """Class of the sound, as the judge calls it -> an audio file; fire-to-rain -> two files, from one of which into the other
    the sound turns within the clip."""
    variants: dict[str, list[str]] = Field(min_length=1)
    """Name -> settings that differ from the preset's, such as "method=blended-diffusion"."""
    sweep: Sweep | None = None
    """Variants that differ in one setting only; values that a variant above already has are not edited twice."""
    preset: str = "fast"
    """Preset of all variants."""
    frames: int = Field(default=14, ge=2)
    """Frames of each clip, from its start."""
    seed: int = 0
    """Of all edits."""
    shown: tuple[str, ...] = ()
    """Clips whose pictures may be published on a page; all, where none is named."""

    @field_validator("sounds", "variants")
    @classmethod
    def _names_are_file_names(cls, named: dict[str, object]) -> dict[str, object]:
        for name in named:
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name: use letters, digits, '.', '_' and '-'")
        return named

    @field_validator("sounds")
    @classmethod
    def _only_turns_have_two_files(
        cls, sounds: dict[str, str | tuple[str, str]]
    ) -> dict[str, str | tuple[str, str]]:
        for name, files in sounds.items():
            if (TURNS in name) == isinstance(files, str):
                raise ValueError(f"{name!r}: fire has one file, fire-to-rain has two")
        return sounds

    def files(self, sound: str) -> tuple[str, ...]:
        """The audio files of a sound: one, or two where it turns."""
        named = self.sounds[sound]
        return (named,) if isinstance(named, str) else named

    @cached_property
    def compared(self) -> dict[str, list[str]]:
        """The variants and those that the sweep adds: name -> settings."""
        swept = {name: settings for _, name, settings in self._swept()}
        return self.variants | {name: swept[name] for name in swept if name not in self.variants}

    @cached_property
    def points(self) -> list[tuple[float, str]]:
        """The sweep's values, each with the variant that has it; empty without a sweep."""
        return [(value, name) for value, name, _ in self._swept()]

    def recipe(self, variant: str) -> Recipe:
        """Settings of a variant.

        Raises:
            ConfigError: it sets what there is not, or a value out of range.
        """
        return self._recipe(variant, self.compared[variant])

    def _recipe(self, variant: str, settings: list[str]) -> Recipe:
        try:
            return override(load_preset(self.preset), [f"seed={self.seed}", *settings])
        except ConfigError as error:
            raise ConfigError("variant {variant}: {why}", variant=variant, why=error) from None

    def _swept(self) -> list[tuple[float, str, list[str]]]:
        """Value, variant and settings of every point of the sweep."""
        if self.sweep is None:
            return []
        known = {name: self._recipe(name, settings) for name, settings in self.variants.items()}
        first = next(iter(self.variants.values()))
        points = []
        for value in self.sweep.values:
            settings = [*first, f"{self.sweep.setting}={value:g}"]
            name = f"{self.sweep.setting.rpartition('.')[2]}-{value:g}"
            recipe = self._recipe(name, settings)
            same = next((other for other, theirs in known.items() if theirs == recipe), name)
            if known.get(same, recipe) != recipe:
                raise ConfigError(
                    "variant {name} is a point of the sweep's too; rename it", name=name
                )
            points.append((value, same, settings))
        return points


def load_suite(path: Path, folder: Path) -> Suite:
    """Read a suite and check it: settings, and that every file is there.

    Args:
        path: the suite.
        folder: where its files lie.

    Raises:
        ConfigError: it cannot be read or holds something else, a file is missing, or two clips have one name.
    """
    try:
        content = read_yaml(path)
    except (OSError, ValueError) as error:
        raise ConfigError(
            "cannot read the suite {file}: {why}", file=path, why=str(error).splitlines()[0]
        ) from None
    try:
        suite = settings_from(content, Suite)
    except ConfigError as error:
        raise ConfigError("{file}: {why}", file=path, why=error) from None
    for variant in suite.compared:
        suite.recipe(variant)
    sounds = [file for sound in suite.sounds for file in suite.files(sound)]
    named = [clip.clip for clip in suite.clips] + sounds
    for name in named + [clip.mask for clip in suite.clips if clip.mask is not None]:
        if not (folder / name).exists():
            raise ConfigError(
                "{file}: there is no {name} in {folder}; name the folder with {option}",
                file=path,
                name=name,
                folder=folder,
                option=Option("data"),
            )
    names = [clip.name for clip in suite.clips]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(
                "{file}: two clips are called {name}; rename one", file=path, name=name
            )
    for name in suite.shown:
        if name not in names:
            raise ConfigError(
                "{file}: shown: there is no clip {name}; choose from {names}",
                file=path,
                name=name,
                names=names,
            )
    return suite
