"""Hashes of files."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sha256(path: Path) -> str:
    """Hash a file in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def matches_hash(path: Path, expected: str | None, prefix: str | None = None) -> bool:
    """Tell whether a file has the hash; a file of which none is published matches.

    Args:
        path: the file.
        expected: its whole sha256.
        prefix: its first digits, where the whole is not known.
    """
    wanted = expected or prefix
    return wanted is None or sha256(path).startswith(wanted)
