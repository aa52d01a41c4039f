"""Where weights lie, and how they get there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from soundini.errors import ModelError
from soundini.weights.digest import matches_hash, sha256
from soundini.weights.download import resume_download
from soundini.weights.registry import Entry, find_entry

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
class Whereabouts:
    """The folders of :func:`where`."""

    home: Path
    downloads: Path
    models: Path


def where(home: Path | None = None) -> Whereabouts:
    """Name the folders that weights live in."""
    return Whereabouts(home_folder(home), downloads_folder(home), models_folder(home))


def fetch(name: str, home: Path | None = None, *, progress: bool = False) -> Path:
    """Download a checkpoint, resuming what an earlier try left, and check its hash.

    A file that is there already with the right hash is kept.

    Args:
        name: of an entry of the registry.
        home: see :func:`home_folder`.
        progress: draw a progress bar on standard error.

    Returns:
        The published file in :func:`downloads_folder`, to be imported.

    Raises:
        ModelError: there is no such entry or address, the network fails, or the hash is wrong.
    """
    entry = find_entry(name)
    target = downloads_folder(home) / entry.file
    if target.is_file() and matches_hash(target, entry.sha256, entry.sha256_prefix):
        return target
    if not entry.urls:
        raise ModelError(f"{name} has no public address: {entry.purpose}. {by_hand(entry, home)}")
    reason = ""
    for url in entry.urls:
        try:
            _retrieve(entry, url, target, progress)
        except ModelError:
            raise
        except Exception as error:  # requests, urllib3 and pooch each have errors of their own
            reason = (str(error) or type(error).__name__).splitlines()[0]
            continue
        if not matches_hash(target, entry.sha256, entry.sha256_prefix):
            got = sha256(target)
            target.unlink()
            reason = f"its sha256 is {got}, not {entry.sha256 or entry.sha256_prefix}"
            continue
        return target
    raise ModelError(f"cannot download {name} ({reason}). {by_hand(entry, home)}")


def by_hand(entry: Entry, home: Path | None = None) -> str:
    """Say how to get a checkpoint without this machine's network."""
    target = downloads_folder(home) / entry.file
    return (
        f"Get {entry.origin} on another machine, put it in {target.parent}, "
        f"then run: soundini weights import {target}"
    )


def _retrieve(entry: Entry, url: str, target: Path, progress: bool) -> None:
    try:
        import pooch
    except ImportError:
        raise ModelError("downloads need pooch; run: pip install 'soundini[paper]'") from None
    known = f"sha256:{entry.sha256}" if entry.sha256 else None
    partial = target.with_name(f"{target.name}.part")
    pooch.get_logger().setLevel("ERROR")  # it would report each download on standard error
    pooch.retrieve(
        url,
        known,
        fname=target.name,
        path=target.parent,
        downloader=resume_download(partial, progress=progress),
    )
