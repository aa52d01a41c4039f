"""Parts of files by the marks and lengths of their containers, and headers that state a wrong length."""

import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

Piece = tuple[int, int] | bytes
"""A range of a file, from its first byte to one past its last, or bytes that replace it."""

MOST_PARTS = 100_000
"""Most parts of a container that are examined."""
_BLOCK = 1 << 20
_UNKNOWN = 0x7F000000
"""A length of 32 bits from which it is a placeholder, in bytes."""
_UNKNOWN_LONG = 1 << 60
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_W64_HEAD = 24
_TAGS = (b"TAG", b"ID3", b"APETAGEX")
_KNOWN_CHUNKS = {*(b"LIST", b"fact", b"cue ", b"bext", b"iXML", b"id3 ", b"ID3 ", b"RIFF", b"FORM")}
_NOTHING = 1024
"""With fewer bytes than this after a sound, they do not count as sound."""


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


def true_lengths(path: Path, head: bytes) -> dict[int, bytes]:
    """Correct the wrong lengths in the header of a sound file: RF64, Wave64, WAV, AIFF and AU.

    A placeholder becomes the actual length. So does a length that is too small, if the bytes after it can only be sound:
    they are no part of the container, no tag, and not silence.

    Args:
        path: the file.
        head: its first 64 bytes or more.

    Returns:
        New bytes by their positions; empty if all is well.
    """
    size = path.stat().st_size
    if head[:4] == b".snd" and len(head) >= 24:
        begin, claimed = struct.unpack(">II", head[4:12])
        short = claimed == 0 or goes_on(path, begin + claimed, "big")
        return {8: b"\xff\xff\xff\xff"} if short and claimed < _UNKNOWN else {}
    if head[:4] == b"RF64" and head[12:16] == b"ds64" and len(head) >= 36:
        return _rf64_lengths(path, size, struct.unpack("<Q", head[28:36])[0])
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _wave_lengths(path, size)
    if head[:4] == b"riff":
        return _wave64_lengths(path, size)
    if head[:4] == b"FORM" and head[8:11] == b"AIF":
        return _aiff_lengths(path, size)
    return {}


def goes_on(path: Path, end: int, order: str) -> bool:
    """Whether a sound goes on after the end that its header states.

    Args:
        path: the file.
        end: one past the last byte that the header counts.
        order: of the bytes of lengths, ``little`` or ``big``.
    """
    size = path.stat().st_size
    if size - end < _NOTHING:
        return False
    with path.open("rb") as file:
        for at in {end, end + end % 2}:
            file.seek(at)
            head = file.read(8)
            if head.startswith(_TAGS) or _is_chunk(head, size - at, order):
                return False
        file.seek(end)
        return any(block.count(0) < len(block) for block in iter(lambda: file.read(_BLOCK), b""))


def _is_chunk(head: bytes, left: int, order: str) -> bool:
    """Whether eight bytes are the name and the length of a chunk that ends with the file or before it."""
    length = int.from_bytes(head[4:], "little" if order == "little" else "big")
    is_name = all(0x20 <= letter < 0x7F for letter in head[:4])
    return head[:4] in _KNOWN_CHUNKS or (is_name and 8 + length <= left)


def _wave_lengths(path: Path, size: int) -> dict[int, bytes]:
    found = chunk(path, b"data", "little")
    if found is None:
        return {}
    at, claimed = found
    if claimed == 0 or not goes_on(path, at + claimed, "little"):
        return {}
    return {4: struct.pack("<I", size - 8), at - 4: struct.pack("<I", size - at)}


def _rf64_lengths(path: Path, size: int, claimed: int) -> dict[int, bytes]:
    found = chunk(path, b"data", "little")
    if found is None:
        return {}
    at = found[0]
    unknown = claimed == 0 or claimed >= _UNKNOWN_LONG
    if not unknown and not goes_on(path, at + claimed, "little"):
        return {}
    return {20: struct.pack("<QQ", size - 8, size - at)}


def _wave64_lengths(path: Path, size: int) -> dict[int, bytes]:
    with path.open("rb") as file:
        start = file.read(4096)
        at = start.find(_W64_DATA)
        if at < 0 or len(start) < at + _W64_HEAD:
            return {}
        claimed = struct.unpack("<Q", start[at + 16 : at + _W64_HEAD])[0]
        if _W64_HEAD <= claimed < _UNKNOWN_LONG:
            end = at + -(-claimed // 8) * 8  # chunks begin at multiples of eight bytes
            file.seek(end + 16)
            after = int.from_bytes(file.read(8), "little")
            is_chunk = _W64_HEAD <= after <= size - end
            if is_chunk or not goes_on(path, at + claimed, "little"):
                return {}
    return {16: struct.pack("<Q", size), at + 16: struct.pack("<Q", size - at)}


def _aiff_lengths(path: Path, size: int) -> dict[int, bytes]:
    common, sound = chunk(path, b"COMM", "big"), chunk(path, b"SSND", "big")
    if common is None or sound is None:
        return {}
    at, claimed = sound
    with path.open("rb") as file:
        file.seek(common[0])
        channels, frames, bits = struct.unpack(">HIH", file.read(8))
    unknown = claimed <= 8 or claimed >= _UNKNOWN
    short = not unknown and goes_on(path, at + claimed, "big")
    if not unknown and not short and frames:
        return {}
    there = size - at if unknown or short else claimed
    count = (there - 8) // max(1, channels * -(-bits // 8))
    return {
        4: struct.pack(">I", size - 8),
        at - 4: struct.pack(">I", there),
        common[0] + 2: struct.pack(">I", count),
    }
