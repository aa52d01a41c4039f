"""Where weights lie."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from soundini.weights.digest import mismatch
from soundini.weights.published import Entry, Source

HOME_VARIABLE = "SOUNDINI_HOME"


def home_folder(home: Path | None = None) -> Path:
    """Where soundini keeps weights and jobs: ``home``, else ``$SOUNDINI_HOME``, else the user's cache.

    Args:
        home: overrides the environment.
    """
    if home is not None:
        return home
    if os.environ.get(HOME_VARIABLE):
        return Path(os.environ[HOME_VARIABLE]).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "soundini"


def models_folder(home: Path | None = None) -> Path:
    """Where converted weights lie."""
    return home_folder(home) / "models"


def downloads_folder(home: Path | None = None) -> Path:
    """Where published files are put, by ``fetch`` or by hand."""
    return home_folder(home) / "downloads"


@dataclass(frozen=True)
class WeightFolders:
    """The folders of :func:`where`."""

    home: Path
    downloads: Path
    models: Path


def where(home: Path | None = None) -> WeightFolders:
    """Name the folders that weights live in."""
    return WeightFolders(home_folder(home), downloads_folder(home), models_folder(home))


def find_download(entry: Entry, home: Path | None = None) -> tuple[Path, Source] | None:
    """Find a published file of an entry in the downloads folder; None where there is none.

    Args:
        entry: of the registry.
        home: see :func:`home_folder`.
    """
    for source in entry.sources:
        path = downloads_folder(home) / source.file
        if path.is_file():
            return path, source
    return None


def whole_download(entry: Entry, home: Path | None = None) -> Path | None:
    """Find a published file of an entry that has the size and the hash that are published; else None.

    Args:
        entry: of the registry.
        home: see :func:`home_folder`.
    """
    for source in entry.sources:
        path = downloads_folder(home) / source.file
        if not path.is_file() or path.stat().st_size < entry.least_bytes(source):
            continue
        if not mismatch(path, source):
            return path
    return None


def by_hand(entry: Entry, home: Path | None = None) -> str:
    """Say how to get a checkpoint without this machine's network."""
    target = downloads_folder(home) / entry.file
    return (
        f"Get {entry.origin} on another machine, put it in {target.parent} as {target.name}, "
        f"then run: soundini weights import {target}"
    )
