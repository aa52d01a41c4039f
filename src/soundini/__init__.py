"""soundini: edit a video by a sound, inside a mask, with a diffusion model and no training per video."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from soundini._version import __version__
from soundini.errors import ConfigError, MaskError, MediaError, ModelError, SoundiniError

if TYPE_CHECKING:
    from soundini.config.presets import load_preset
    from soundini.config.recipe import Recipe
    from soundini.editing.edit_file import edit_file
    from soundini.editing.editor import EditResult, SoundEditor
    from soundini.guidance.compose import WeightedTerm
    from soundini.guidance.context import GuidanceContext, GuidanceTerm
    from soundini.media.sound import Sound, load_sound

_LAZY = {
    "EditResult": "soundini.editing.editor",
    "GuidanceContext": "soundini.guidance.context",
    "GuidanceTerm": "soundini.guidance.context",
    "Recipe": "soundini.config.recipe",
    "Sound": "soundini.media.sound",
    "SoundEditor": "soundini.editing.editor",
    "WeightedTerm": "soundini.guidance.compose",
    "edit_file": "soundini.editing.edit_file",
    "load_preset": "soundini.config.presets",
    "load_sound": "soundini.media.sound",
}

__all__ = [
    "ConfigError",
    "EditResult",
    "GuidanceContext",
    "GuidanceTerm",
    "MaskError",
    "MediaError",
    "ModelError",
    "Recipe",
    "Sound",
    "SoundEditor",
    "SoundiniError",
    "WeightedTerm",
    "__version__",
    "edit_file",
    "load_preset",
    "load_sound",
]


def __getattr__(name: str) -> object:
    """Load the heavy names on first use, so that the command line's help does not wait for torch."""
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, which tab completion then shows."""
    return list(__all__)
