"""Where weights lie, and whether they are what was published."""

import hashlib
import os
from pathlib import Path

from soundini.weights.published import Entry, Source

_BLOCK = 1 << 20
HOME_VARIABLE = "SOUNDINI_HOME"


def sha256(path: Path) -> str:
    """Hash a file in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob(path: Path) -> str:
    """The name that git gives to a file's content: sha1 of ``blob``, its length, and its bytes."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def mismatch(path: Path, source: Source) -> str:
    """Say in what a file differs from the published one; empty where nothing that is published differs.

    Args:
        path: the file.
        source: what is published of it.
    """
    size = path.stat().st_size
    if source.bytes is not None and size != source.bytes:
        return f"it has {size:,} bytes, not {source.bytes:,}"
    wanted = source.sha256 or source.sha256_prefix
    if wanted is not None and not (found := sha256(path)).startswith(wanted):
        return f"its sha256 is {found}, not {wanted}"
    if source.git_blob is not None and (found := git_blob(path)) != source.git_blob:
        return f"its git blob is {found}, not {source.git_blob}"
    return ""


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
