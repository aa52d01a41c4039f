"""Files whose headers do not say what follows: placeholders of programs that wrote to a pipe, and files joined by their bytes."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

_MOST_PARTS = 100_000
"""Parts of a container that are looked at."""
_BLOCK = 1 << 20
_FLAC = b"fLaC\0\0\0\x22"
"""The mark of a FLAC file, with the head of its first block, which has one length."""
_UNKNOWN = 0x7F000000
"""Bytes from which a length of 32 bits is a placeholder."""
_UNKNOWN_LONG = 1 << 60
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


class MendedFile(io.RawIOBase):
    """A stretch of a file, some bytes of which are read as others.

    Args:
        path: the file.
        begin: where the stretch begins.
        end: where it ends; None at the end of the file.
        bytes_at: bytes by their place in the stretch.
    """

    def __init__(
        self,
        path: Path,
        begin: int = 0,
        end: int | None = None,
        bytes_at: Mapping[int, bytes] | None = None,
    ) -> None:
        self._file = path.open("rb")
        self._begin = begin
        self._length = (path.stat().st_size if end is None else end) - begin
        self._bytes_at = dict(bytes_at or {})
        self._at = 0

    def readable(self) -> bool:
        """See :class:`io.RawIOBase`."""
        return True

    def seekable(self) -> bool:
        """See :class:`io.RawIOBase`."""
        return True

    def tell(self) -> int:
        """See :class:`io.RawIOBase`."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See :class:`io.RawIOBase`."""
        self._at = (
            offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        )
        return self._at

    def read(self, size: int = -1) -> bytes:
        """See :class:`io.RawIOBase`."""
        left = max(0, self._length - self._at)
        self._file.seek(self._begin + self._at)
        data = bytearray(self._file.read(left if size < 0 else min(size, left)))
        for place, new in self._bytes_at.items():
            first = max(place, self._at)
            last = min(place + len(new), self._at + len(data))
            if first < last:
                data[first - self._at : last - self._at] = new[first - place : last - place]
        self._at += len(data)
        return bytes(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def mended(path: Path) -> MendedFile | None:
    """A file as FFmpeg can read it, where it cannot as it is, or would read it wrongly; None where it may be read as it is.

    Lengths that are placeholders become those of what is there: RF64, Wave64, AIFF and AU. Of films in MP4 that were joined
    by their bytes only the first is given, as players show it.

    Args:
        path: a readable file.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if head[4:8] == b"ftyp":
        end = second_film(path)
        return None if end is None else MendedFile(path, 0, end)
    lengths = _lengths(path, head)
    return MendedFile(path, bytes_at=lengths) if lengths else None


def second_film(path: Path) -> int | None:
    """Where in an MP4 another film begins, which players do not show; None where there is none."""
    has_index = False
    for kind, begin, _ in _boxes(path):
        if kind == b"ftyp" and has_index:
            return begin
        has_index = has_index or kind == b"moov"
    return None


def joined_parts(path: Path) -> list[tuple[int, int]]:
    """The stretches of a sound that was joined by its bytes, of WAV, FLAC and chained Ogg files; one where it was not.

    Each is a file of its own, with rate and channels of its own, which FFmpeg does not follow.

    Args:
        path: a readable file.

    Returns:
        The first byte of each, and one past the last.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
    begins = [0]
    if head[:4] == b"OggS":
        begins = _ogg_links(path)
    elif head[:8] == _FLAC:
        begins = _marks(path, _FLAC)
    elif head[:4] == b"RIFF" and head[8:] == b"WAVE":
        begins = _waves(path, size)
    return list(zip(begins, [*begins[1:], size], strict=True))


def _lengths(path: Path, head: bytes) -> dict[int, bytes]:
    """The lengths that are placeholders, by their places, as they should be."""
    size = path.stat().st_size
    if head[:4] == b".snd" and head[8:12] == b"\0\0\0\0":
        return {8: b"\xff\xff\xff\xff"}
    if head[:4] == b"RF64" and head[12:16] == b"ds64" and len(head) >= 36:
        claimed = struct.unpack("<Q", head[28:36])[0]
        if claimed == 0 or claimed >= _UNKNOWN_LONG:
            at = _chunk(path, b"data", "<")
            return {} if at is None else {20: struct.pack("<QQ", size - 8, size - at)}
    if head[:4] == b"riff":
        return _wave64_lengths(path, size)
    if head[:4] == b"FORM" and head[8:11] == b"AIF":
        return _aiff_lengths(path, size)
    return {}


def _wave64_lengths(path: Path, size: int) -> dict[int, bytes]:
    with path.open("rb") as file:
        start = file.read(4096)
    at = start.find(_W64_DATA)
    if at < 0 or len(start) < at + 24:
        return {}
    claimed = struct.unpack("<Q", start[at + 16 : at + 24])[0]
    if 24 <= claimed < _UNKNOWN_LONG:
        return {}
    return {16: struct.pack("<Q", size), at + 16: struct.pack("<Q", size - at)}


def _aiff_lengths(path: Path, size: int) -> dict[int, bytes]:
    common, sound = _chunk(path, b"COMM", ">"), _chunk(path, b"SSND", ">")
    if common is None or sound is None:
        return {}
    with path.open("rb") as file:
        file.seek(sound - 4)
        claimed = int.from_bytes(file.read(4))
        file.seek(common)
        channels, frames, bits = struct.unpack(">HIH", file.read(8))
    if 8 < claimed < _UNKNOWN and frames:
        return {}
    there = size - sound if claimed <= 8 or claimed >= _UNKNOWN else claimed
    count = (there - 8) // max(1, channels * -(-bits // 8))
    return {
        4: struct.pack(">I", size - 8),
        sound - 4: struct.pack(">I", there),
        common + 2: struct.pack(">I", count),
    }


def _chunk(path: Path, name: bytes, order: str) -> int | None:
    """Where the content of a chunk begins, of a file of chunks (EA IFF 85); None where it is not found."""
    size = path.stat().st_size
    with path.open("rb") as file:
        at = 12
        for _ in range(_MOST_PARTS):
            file.seek(at)
            head = file.read(8)
            if len(head) < 8 or at >= size:
                return None
            if head[:4] == name:
                return at + 8
            length = struct.unpack(order + "I", head[4:])[0]
            at += 8 + length + length % 2
    return None


def _boxes(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """The boxes at the top of a file (ISO/IEC 14496-12, 4.2): kind, begin, length."""
    at, size = 0, path.stat().st_size
    with path.open("rb") as file:
        for _ in range(_MOST_PARTS):
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


def _ogg_links(path: Path) -> list[int]:
    """Where the links of a chain begin: pages that begin a stream after some that do not (RFC 3533, 4)."""
    begins, at, inside = [0], 0, False
    size = path.stat().st_size
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            head = file.read(27 + 255)
            if head[:4] != b"OggS" or len(head) < 27:
                break
            first = bool(head[5] & 2)
            if first and inside:
                begins.append(at)
            inside = not first
            segments = head[26]
            at += 27 + segments + sum(head[27 : 27 + segments])
    return begins


def _marks(path: Path, mark: bytes) -> list[int]:
    """Every place of a mark in a file."""
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
    return places


def _waves(path: Path, size: int) -> list[int]:
    """Where RIFF files begin that follow each other."""
    begins: list[int] = []
    at = 0
    with path.open("rb") as file:
        while at < size and len(begins) < _MOST_PARTS:
            file.seek(at)
            head = file.read(12)
            if head[:4] != b"RIFF" or head[8:] != b"WAVE":
                break
            begins.append(at)
            length = int.from_bytes(head[4:8], "little")
            at += 8 + length + length % 2
    return begins
