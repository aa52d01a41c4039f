"""What is evaluated, by what, and how."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from soundini.config.presets import load_preset, override
from soundini.config.recipe import Recipe
from soundini.editing.editor import SoundEditor
from soundini.errors import ConfigError, Option
from soundini.evaluation.clips import EvaluationClip
from soundini.evaluation.journal import Journal
from soundini.joint.embedded import EmbeddedJointSpace
from soundini.judge import Judge
from soundini.packs.pack import ModelPack
from soundini.training.recordings import Recording, load_recordings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class EvaluationSettings(BaseModel):
    """How the models are evaluated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sounds: tuple[str, ...] = (
        "fire",
        "explosion",
        "thunderstorm",
        "rain",
        "sea",
        "river",
        "snow_wind",
        "underwater",
    )
    """Classes of the sounds that clips are edited by."""
    loudness_sounds: tuple[str, ...] = ("fire", "thunderstorm", "rain", "snow_wind", "underwater")
    """Classes of the sounds of the loudness and coherence tests."""
    preset: str = "fast"
    """Preset of the edits."""
    edit: tuple[str, ...] = ()
    """Settings of the edits that differ from the preset's, such as "sampling.steps=5"."""
    seed: int = 0
    """Seed of the edits and of all random choices."""
    frames: int = Field(default=14, ge=1)
    """Frames of an edit, from the clip's start."""
    shown: tuple[str, ...] = ()
    """Names of the clips whose pictures may be published; all, and held-out photographs too, where none is named."""
    loudness_clips: int = Field(default=10, ge=1)
    """Clips of the loudness test, spread over the list."""
    loudness_frames: int = Field(default=14, ge=3)
    """Frames of the loudness test: the first of each clip."""
    coherence_clips: int = Field(default=4, ge=1)
    """Clips of the coherence test, spread over the list."""
    coherence_frames: int = Field(default=30, ge=2)
    """Frames of the coherence test, from the clip's start: more than a window."""
    sample_size: int = Field(default=128, ge=16)
    """Side of the composites that the prior is measured on, pixels."""

    def recipe(self, *more: str) -> Recipe:
        """Settings of an edit."""
        seeded = f"seed={self.seed}"
        return override(load_preset(self.preset), [*self.edit, seeded, *more])


@dataclass(frozen=True)
class Subject:
    """A model pack on a folder of data.

    Args:
        data: held-out material comes from here.
        clips_folder: where the clips lie.
        clips: clips and their regions.
        pack: the models.
        judge: says what edits show.
        settings: how.
        journal: where results are kept.

    Raises:
        ConfigError: ``settings.shown`` names another clip.
    """

    data: Path
    clips_folder: Path
    clips: Sequence[EvaluationClip]
    pack: ModelPack
    judge: Judge
    settings: EvaluationSettings
    journal: Journal

    def __post_init__(self) -> None:
        names = [clip.name for clip in self.clips]
        for name in self.settings.shown:
            if name not in names:
                raise ConfigError(
                    "shown: there is no clip {name}; choose from {names}",
                    name=name,
                    names=", ".join(names),
                )

    @cached_property
    def editor(self) -> SoundEditor:
        """Edits by the pack."""
        return SoundEditor(self.pack)

    @cached_property
    def digest(self) -> str:
        """A short name for the weights of the pack."""
        return pack_digest(self.pack)

    @cached_property
    def recordings(self) -> list[Recording]:
        """All held-out recordings."""
        return load_recordings(self.data, joint_of(self.pack).mel, side="held_out")

    def recipe_for(self, clip: EvaluationClip, sound: str, *more: str) -> Recipe:
        """Settings of an edit by a sound of a known class: the class is named, unless the models do not know it.

        Every clip has a seed of its own, so that figures are of an effect, not of one draw of its drops and waves.
        """
        known = sound in joint_of(self.pack).prototypes
        told = [f"sound.heard_as={sound}"] if known else []
        recipe = self.settings.recipe(*told, *more)
        return recipe.replace(seed=recipe.seed + self.clips.index(clip))

    def spread_clips(self, count: int) -> Sequence[EvaluationClip]:
        """At most ``count`` of the clips, spread over the list."""
        return self.clips[:: max(1, len(self.clips) // count)][:count]

    def edits_depend_on(self) -> dict[str, Any]:
        """Everything that an edit's figures depend on, besides the models and the data."""
        return {
            "recipe": self.settings.recipe().model_dump(mode="json"),
            "judge": hashlib.sha256(self.judge.weight.numpy().tobytes()).hexdigest()[:12],
        }

    def item(
        self, measure: Callable[[], DataclassInstance], what: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Figures of an item of this subject, measured where the journal does not hold them yet.

        Args:
            measure: gives a dataclass of JSON values.
            what: names the item, and all that its figures depend on besides the models and the data; JSON.
        """
        return self.journal.figures(self._depends_on(what), lambda: asdict(measure()))

    def kept(self, what: Mapping[str, Any]) -> str:
        """The name of the file in the run's folder that an item keeps pictures in."""
        return f"{self.journal.key(self._depends_on(what))}.safetensors"

    def _depends_on(self, what: Mapping[str, Any]) -> dict[str, Any]:
        return {
            **what,
            "models": self.digest,
            "dtype": str(self.pack.denoiser.autocast),
            "data": str(self.data.resolve()),
        }


def joint_of(pack: ModelPack) -> EmbeddedJointSpace:
    """The embedded joint space of a pack.

    Raises:
        ConfigError: its joint space is of another kind.
    """
    if not isinstance(pack.joint, EmbeddedJointSpace):
        raise ConfigError(
            "{name} has no embedded joint space; name another pack with {option}",
            name=pack.name,
            option=Option("models"),
        )
    return pack.joint


def pack_digest(pack: ModelPack) -> str:
    """A short name for the weights of a pack."""
    return Journal.key({"name": pack.name, **pack.weight_hashes()})[:12]
