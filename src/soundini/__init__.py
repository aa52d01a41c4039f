"""soundini: edit a video by a sound, inside a mask, with a diffusion model and no training per video."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from soundini._version import __version__
from soundini.errors import ConfigError, MaskError, MediaError, ModelError, SoundiniError

if TYPE_CHECKING:
    from soundini.config.presets import load_preset
    from soundini.config.recipe import Recipe
    from soundini.editing.editor import EditResult, SoundEditor
    from soundini.editing.files import edit_file
    from soundini.media.sound import Sound, load_sound

_LAZY = {
    "EditResult": "soundini.editing.editor",
    "Recipe": "soundini.config.recipe",
    "Sound": "soundini.media.sound",
    "SoundEditor": "soundini.editing.editor",
    "edit_file": "soundini.editing.files",
    "load_preset": "soundini.config.presets",
    "load_sound": "soundini.media.sound",
}

__all__ = [
    "ConfigError",
    "EditResult",
    "MaskError",
    "MediaError",
    "ModelError",
    "Recipe",
    "Sound",
    "SoundEditor",
    "SoundiniError",
    "__version__",
    "edit_file",
    "load_preset",
    "load_sound",
]


def __getattr__(name: str) -> object:
    """Load the heavy names on first use, so that ``soundini --help`` does not wait for torch."""
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
