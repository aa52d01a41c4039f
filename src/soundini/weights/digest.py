"""Hashes of files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from soundini.weights.published import Source

_BLOCK = 1 << 20


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
