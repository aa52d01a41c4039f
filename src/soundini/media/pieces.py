"""Finds parts of files by the marks and lengths of their containers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

Piece = tuple[int, int] | bytes
"""A range of a file, from its first byte to one past its last, or bytes that replace it."""

MOST_PARTS = 100_000
"""Most parts of a container that are examined."""
_BLOCK = 1 << 20


def marks(path: Path, mark: bytes) -> list[int]:
    """All positions of a mark in a file; the file is read once for each version of it."""
    status = path.stat()
    return list(_marks(path, mark, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=32)
def _marks(path: Path, mark: bytes, size: int, changed: int) -> tuple[int, ...]:
    places: list[int] = []
    with path.open("rb") as file:
        before, at = b"", 0
        while block := file.read(_BLOCK):
            data = before + block
            found = data.find(mark)
            while found >= 0:
                places.append(at - len(before) + found)
                found = data.find(mark, found + 1)
            before = data[1 - len(mark) :]
            at += len(block)
    return tuple(places)


def chunk(path: Path, name: bytes, order: str) -> tuple[int, int] | None:
    """Find a chunk in a file of chunks (EA IFF 85).

    Args:
        path: the file.
        name: of the chunk.
        order: of the bytes of lengths, ``little`` or ``big``.

    Returns:
        Where its content begins, and its stated length; None if it is not found.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        at = 12
        for _ in range(MOST_PARTS):
            file.seek(at)
            head = file.read(8)
            if len(head) < 8 or at >= size:
                return None
            length = int.from_bytes(head[4:], "little" if order == "little" else "big")
            if head[:4] == name:
                return at + 8, length
            at += 8 + length + length % 2
    return None


def boxes(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """The boxes at the top of a file (ISO/IEC 14496-12, 4.2): kind, begin, length."""
    at, size = 0, path.stat().st_size
    with path.open("rb") as file:
        for _ in range(MOST_PARTS):
            file.seek(at)
            head = file.read(16)
            if len(head) < 8 or at >= size:
                return
            length = int.from_bytes(head[:4])
            if length == 1 and len(head) == 16:
                length = int.from_bytes(head[8:])
            if length < 8:
                return
            yield head[4:8], at, length
            at += length
