"""What the server keeps of an upload on disk: its bytes, and a record beside them."""

from __future__ import annotations

import math
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from soundini.errors import ConfigError
from soundini.settings_files import read_json
from soundini.web.views import FileKind, VideoFacts

ABOUT = "about.json"
CONTENTS: dict[FileKind, str] = {
    "video": "video.upload",
    "sound": "sound.upload",
    "mask": "mask.upload.png",  # masks are known by their suffix
    "recipe": "recipe.upload",
}


class About(BaseModel):
    """The record that lies beside an uploaded file.

    Args:
        kind: what it was uploaded as.
        label: the visitor's name for it.
        sha256: of its bytes.
        facts: of a video.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FileKind
    label: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    facts: VideoFacts | None = None


def read_about(folder: Path) -> About:
    """The record of an upload.

    Raises:
        ConfigError: it is damaged.
    """
    try:
        return About.model_validate(read_json(folder / ABOUT))
    except (OSError, ValueError):
        raise ConfigError("this file is damaged here; upload it again") from None


def last_used(path: Path) -> float:
    """When something was last used, in seconds since 1970; infinity where it is gone.

    Args:
        path: the folder of an upload, or a film.
    """
    about = path / ABOUT
    try:
        return (about if about.exists() else path).stat().st_mtime
    except OSError:
        return math.inf
