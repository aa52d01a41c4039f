"""Files that were joined by their bytes, of which FFmpeg reads only the first."""

import struct
from pathlib import Path

from soundini.errors import Message
from soundini.media.broadcast import goes_elsewhere
from soundini.media.pieces import MOST_PARTS, Piece, boxes, marks

_MARKS = (
    b"fLaC\0\0\0\x22",  # FLAC, with the head of its first block, whose length is fixed
    b"caff\0\1\0\0desc",  # Core Audio
    b"TTA1\1\0",
    b"Creative Voice File\x1a",
    b".snd\0\0\0",  # AU, with the first bytes of the position of its samples
)
"""First bytes of files that state neither a length nor an end."""
_NUT = b"nut/multimedia container\0"
_FLV = b"FLV\x01"
_FLV_HEAD = 13
_WAVE64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_STREAM = bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365")
_ASF_DATA_HEAD = 50
_SYNC = b"\x47"
"""First byte of a packet of a broadcast."""


def joined_parts(path: Path) -> list[tuple[int, int]]:
    """The parts of a sound that was joined by its bytes; a single one if it was not.

    WAV, Wave64, AIFF, FLAC, Core Audio, TTA, VOC, AU and chained Ogg files are examined. Each part is a file with a rate and
    channels of its own, and FFmpeg does not follow such changes.

    Args:
        path: a readable file.

    Returns:
        The first byte of each part, and one past its last.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(24)
    begins = [0]
    if head[:4] == b"OggS":
        begins = _ogg_links(path)
    elif (mark := next(filter(head.startswith, _MARKS), None)) is not None:
        begins = marks(path, mark)
    elif _counted_length(head):
        begins = _counted(path, size)
    return list(zip(begins, [*begins[1:], size], strict=True))


def second_film(path: Path) -> int | None:
    """Where a second film begins in an MP4, NUT or ASF file, which is not read; None if there is none."""
    with path.open("rb") as file:
        head = file.read(32)
    if head.startswith(_NUT):
        return next(iter(marks(path, _NUT)[1:]), None)
    if head.startswith(_ASF_HEADER):
        films = _asf_films(path)
        return films[1].begin if len(films) > 1 and not _alike(films) else None
    has_index = False
    for kind, begin, _ in boxes(path) if head[4:8] == b"ftyp" else ():
        if kind == b"ftyp" and has_index:
            return begin
        has_index = has_index or kind == b"moov"
    return None


def left_out(path: Path) -> Message | None:
    """A note for the user that the rest of a joined file is not read; None if all of it is."""
    with path.open("rb") as file:
        head = file.read(8)
    is_broadcast = _SYNC in (head[:1], head[4:5])
    if second_film(path) is None and not (is_broadcast and goes_elsewhere(path)):
        return None
    return Message(
        "{file}: holds another film or sound after its end, which players do not play, and which is left out; "
        "join files with an editor, not by their bytes",
        {"file": path},
    )


def film_pieces(path: Path, head: bytes) -> list[Piece]:
    """The pieces to read of films that were joined; empty if the file is read as it is.

    Films in FLV and ASF are read whole, with one header; their times start again, as in other joined files. Of films in MP4
    and NUT only the first is read.

    Args:
        path: a readable file.
        head: its first 64 bytes or more.
    """
    if head.startswith(_FLV):
        return _flv_pieces(path)
    if head.startswith(_ASF_HEADER):
        films = _asf_films(path)
        if len(films) > 1 and _alike(films):
            return _asf_pieces(films)
        return []
    if head[4:8] == b"ftyp" or head.startswith(_NUT):
        end = second_film(path)
        return [] if end is None else [(0, end)]
    return []


def _flv_pieces(path: Path) -> list[Piece]:
    """All but the headers after the first; each header is followed by the length of the tag before it, which is 0."""
    size = path.stat().st_size
    begins: list[int] = []
    with path.open("rb") as file:
        for at in marks(path, _FLV):
            file.seek(at + 5)
            if file.read(8) == b"\0\0\0\x09\0\0\0\0":
                begins.append(at)
    if len(begins) < 2:
        return []
    starts = [0, *(at + _FLV_HEAD for at in begins[1:])]
    return list(zip(starts, [*begins[1:], size], strict=True))


class _Asf:
    """A film in ASF.

    Args:
        begin: its first byte.
        data: where its data object begins.
        end: where its data object ends.
        streams: its streams and the size of its packets, from its header.
    """

    def __init__(self, begin: int, data: int, end: int, streams: list[bytes]) -> None:
        self.begin = begin
        self.data = data
        self.end = end
        self.streams = streams


def _asf_films(path: Path) -> list[_Asf]:
    """The films of a file of ASF objects (ASF 1.20, 2): each has a header and data, and may have an index."""
    films: list[_Asf] = []
    size = path.stat().st_size
    at, begin, streams = 0, 0, list[bytes]()
    with path.open("rb") as file:
        for _ in range(MOST_PARTS):
            file.seek(at)
            head = file.read(24)
            length = int.from_bytes(head[16:24], "little")
            if len(head) < 24 or length < 24 or at + length > size:
                break
            if head.startswith(_ASF_HEADER):
                file.seek(at)
                begin, streams = at, _asf_streams(file.read(min(length, 1 << 24)))
            elif head.startswith(_ASF_DATA):
                films.append(_Asf(begin, at, at + length, streams))
            at += length
    return films


def _asf_streams(header: bytes) -> list[bytes]:
    """Streams and packet sizes of a header."""
    found: list[bytes] = []
    at = 30
    while at + 24 <= len(header):
        length = struct.unpack("<Q", header[at + 16 : at + 24])[0]
        if length < 24:
            break
        content = header[at + 24 : at + length]
        if header.startswith(_ASF_STREAM, at):
            found.append(content)
        elif header.startswith(_ASF_FILE, at):
            found.append(content[68:76])  # smallest and largest packet
        at += length
    return sorted(found)


def _alike(films: list[_Asf]) -> bool:
    """Whether films can be read as one, with the header of the first."""
    return all(film.streams == films[0].streams for film in films)


def _asf_pieces(films: list[_Asf]) -> list[Piece]:
    first = films[0]
    packets: list[Piece] = [(film.data + _ASF_DATA_HEAD, film.end) for film in films]
    length = _ASF_DATA_HEAD + sum(film.end - film.data - _ASF_DATA_HEAD for film in films)
    head: list[Piece] = [(0, first.data + 16), struct.pack("<Q", length)]
    return [*head, (first.data + 24, first.data + _ASF_DATA_HEAD), *packets]


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


def _counted(path: Path, size: int) -> list[int]:
    """Where joined files begin, of kinds that state their length."""
    begins: list[int] = []
    at = 0
    with path.open("rb") as file:
        while at < size and len(begins) < MOST_PARTS:
            file.seek(at)
            length = _counted_length(file.read(24))
            if not length:
                break
            begins.append(at)
            at += length
    return begins


def _counted_length(head: bytes) -> int:
    """Bytes of a WAV, AIFF or Wave64 file by its header; 0 where it is none."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        length = int.from_bytes(head[4:8], "little")
        return 8 + length + length % 2
    if head[:4] == b"FORM" and head[8:11] == b"AIF":
        length = int.from_bytes(head[4:8])
        return 8 + length + length % 2
    if head[:16] == _WAVE64:
        return -(-int.from_bytes(head[16:24], "little") // 8) * 8
    return 0
