"""What is there, what is whole, and what a pack still lacks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from soundini.errors import ModelError
from soundini.weights.digest import mismatch, sha256
from soundini.weights.formats import find_format
from soundini.weights.importing import SOURCE_SUFFIX
from soundini.weights.published import Entry
from soundini.weights.registry import ENTRIES, find_entry
from soundini.weights.store import by_hand, find_download, models_folder

State = Literal["missing", "downloaded", "ready", "damaged"]


@dataclass(frozen=True)
class Status:
    """How a checkpoint stands on this machine.

    Args:
        entry: what the registry says of it.
        state: ``missing``; ``downloaded``, but not imported; ``ready``; or ``damaged``.
        path: the file the state is about, or None.
        detail: what is wrong and what to do, or what the weights say of themselves; mostly empty.
    """

    entry: Entry
    state: State
    path: Path | None
    detail: str = ""


def inventory(home: Path | None = None, *, check: bool = False) -> list[Status]:
    """Say of every checkpoint of the registry how it stands.

    Args:
        home: see :func:`soundini.weights.store.home_folder`.
        check: hash the files (``weights verify``), not only look for them (``weights list``).
    """
    return [_status(entry, home, check) for entry in ENTRIES]


def ready_weights(name: str, home: Path | None = None) -> Path:
    """Find a converted checkpoint.

    Args:
        name: of an entry of the registry.
        home: see :func:`soundini.weights.store.home_folder`.

    Raises:
        ModelError: it was not imported yet; the message says how.
    """
    path = models_folder(home) / find_format(name).weights
    if path.is_file():
        return path
    entry = find_entry(name)
    if found := find_download(entry, home):
        raise ModelError(
            "{name} is not imported; run: soundini weights import {file}", name=name, file=found[0]
        )
    raise ModelError(
        "{name} is missing ({purpose}); run: soundini weights fetch {same}. Offline: {how}",
        name=name,
        purpose=entry.purpose,
        same=name,
        how=by_hand(entry, home),
    )


def _status(entry: Entry, home: Path | None, check: bool) -> Status:
    weights = models_folder(home) / find_format(entry.name).weights
    if weights.is_file():
        source = _source(weights)
        if check and sha256(weights) != source.get("sha256"):
            return Status(entry, "damaged", weights, "its hash changed; import it again")
        return Status(entry, "ready", weights, source.get("note", ""))
    found = find_download(entry, home)
    if found is None:
        return Status(entry, "missing", None, by_hand(entry, home))
    download, source = found
    if check and (wrong := mismatch(download, source)):
        return Status(entry, "damaged", download, f"{wrong}; delete it and fetch it again")
    return Status(entry, "downloaded", download, f"run: soundini weights import {download}")


def _source(weights: Path) -> dict[str, str]:
    """Read what the import wrote down; nothing where that file is gone."""
    try:
        return json.loads(weights.with_suffix(SOURCE_SUFFIX).read_text())
    except (OSError, ValueError):
        return {}
