"""Detects that the end of a file is missing, by the structure of its container."""

from pathlib import Path
from typing import BinaryIO, Literal

from soundini.media.pieces import MOST_PARTS, chunk

_ISO_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp", b"moof", b"sidx")
_PLACEHOLDER = 0x7F000000
"""A RIFF length from here on is a placeholder of a program that wrote to a pipe."""
_LARGE, _FEW = 0x3B000000, 8
"""A length of at least the first is a placeholder too, if less than one part in the second is there."""
_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = 0x18538067


def is_cut_off(path: Path) -> bool:
    """Whether a part of the container reaches beyond the end of the file.

    MP4 and its kin, Matroska and WebM, AVI, WAV and AIFF state the length of each part, which shows that a copy is
    incomplete. Other containers, parts of unknown length and placeholders prove nothing.

    Args:
        path: a readable file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] in _ISO_BOXES:
            return _iso_end(file, size) > size
        if head[:4] in (b"RIFF", b"FORM"):
            return _riff_end(file, size, "little" if head[:4] == b"RIFF" else "big") > size
        if head[:4] == _EBML:
            return _matroska_end(file) > size
    return False


def riff_share(path: Path) -> float:
    """The share of the stated samples that a WAV file holds; 1 if it states no number.

    FFmpeg does not notice missing samples.

    Args:
        path: a readable file.
    """
    found, size = chunk(path, b"data", "little"), path.stat().st_size
    if found is None:
        return 1.0
    begin, length = found
    unknown = length == 0 or _is_placeholder(length, size)
    return 1.0 if unknown else min(1.0, (size - begin) / length)


def _is_placeholder(length: int, size: int) -> bool:
    return length >= _PLACEHOLDER or (length >= _LARGE and _FEW * size < length)


def _iso_end(file: BinaryIO, size: int) -> int:
    """Where the last box at the top ends (ISO/IEC 14496-12, 4.2)."""
    at = 0
    for _ in range(MOST_PARTS):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            break
        length = int.from_bytes(head[:4])
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:])
        if length == 0:  # to the end of the file
            return size
        if length < 8 or not head[4:8].isalnum():  # what follows is no box
            break
        at += length
        if at >= size:
            break
    return at


def _riff_end(file: BinaryIO, size: int, order: Literal["little", "big"]) -> int:
    """Where the last chunk ends; 0 where a length is a placeholder."""
    at = 12
    for _ in range(MOST_PARTS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            break
        length = int.from_bytes(head[4:], order)
        if _is_placeholder(length, size) or (length == 0 and head[:4] == b"data"):
            return 0
        at += 8 + length
        if at >= size:
            break
        at += length % 2
    return at


def _matroska_end(file: BinaryIO) -> int:
    """Where the first segment ends; 0 where its length is unknown (RFC 8794, 5 and 6)."""
    at = 0
    for _ in range(4):
        file.seek(at)
        head = file.read(12)
        name_width = 9 - head[0].bit_length() if head and head[0] else 9
        if not name_width <= 4 or len(head) <= name_width:
            return 0
        name = int.from_bytes(head[:name_width])
        first = head[name_width]
        width = 9 - first.bit_length() if first else 9
        digits = head[name_width : name_width + width]
        if width > 8 or len(digits) < width:
            return 0
        length = int.from_bytes(digits) & ((1 << 7 * width) - 1)
        if length == (1 << 7 * width) - 1:
            return 0
        at += name_width + width + length
        if name == _SEGMENT:
            return at
    return 0
