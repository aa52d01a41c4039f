"""Recognises files of other kinds than video, sound and picture by their first bytes."""

from pathlib import Path
from typing import NamedTuple

from soundini.errors import MediaError, Message


class Content(NamedTuple):
    """A kind of file.

    Args:
        name: with its article.
        remedy: what to do instead.
    """

    name: Message
    remedy: Message


_HEAD = 512
_ARRAYS = Message("save one array of it as .npy, or a picture as PNG")
_PICTURE = Message("export it as PNG")
_UNPACK = Message("unpack it first")
_UNPACK_ARRAYS = Message("unpack it first, or save one array of it as .npy, or a picture as PNG")
_LFS = Message("fetch the file itself, with: git lfs pull")
_DOWNLOAD = Message("download the file itself")
_PLAYED = Message("name the file that is played")
_MEANT = Message("name the file that you mean")
_PICKLE = Content(Message("a pickle of Python"), _ARRAYS)
_BY_MARK = (
    (b"version https://git-lfs", Content(Message("a pointer of Git LFS"), _LFS)),
    (b"PK\x03\x04", Content(Message("a ZIP archive, as .npz and .zip are"), _UNPACK_ARRAYS)),
    (b"\x80\x04", _PICKLE),
    (b"\x80\x05", _PICKLE),
    (b"\x80\x03", _PICKLE),
    (b"\x89HDF", Content(Message("an HDF5 file, as .h5 and new .mat are"), _ARRAYS)),
    (b"MATLAB", Content(Message("a file of MATLAB"), _ARRAYS)),
    (b"\x1f\x8b", Content(Message("compressed with gzip"), _UNPACK)),
    (b"7z\xbc\xaf", Content(Message("a 7-Zip archive"), _UNPACK)),
    (b"Rar!", Content(Message("a RAR archive"), _UNPACK)),
    (b"%PDF", Content(Message("a PDF document"), _PICTURE)),
    (b"%!PS", Content(Message("a drawing (PostScript)"), _PICTURE)),
    (b"{\\rtf", Content(Message("a text document"), _MEANT)),
    (b"#EXTM3U", Content(Message("a playlist, which names other files"), _PLAYED)),
    (b"[InternetShortcut]", Content(Message("a link to a web page"), _DOWNLOAD)),
)
_WEB_PAGE = Content(Message("a web page (HTML)"), _DOWNLOAD)
_DRAWING = Content(Message("a drawing (SVG)"), _PICTURE)
_JSON = Content(Message("JSON"), _MEANT)
_TEXT = Content(Message("plain text"), _MEANT)
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body")


def what_it_is(head: bytes) -> Content | None:
    """The kind of a file that cannot be read; None if it is unknown.

    Args:
        head: its first bytes, some hundred.
    """
    for mark, content in _BY_MARK:
        if head.startswith(mark):
            return content
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(_HTML):
        return _WEB_PAGE
    if b"<svg" in text:
        return _DRAWING
    if text.startswith((b"{", b"[")):
        return _JSON
    if _is_text(head):
        return _TEXT
    return None


def something_else(path: Path) -> MediaError | None:
    """The error for a file of another kind than is read here; None if its kind is unknown.

    Args:
        path: a readable file.
    """
    with path.open("rb") as file:
        known = what_it_is(file.read(_HEAD))
    if known is None:
        return None
    return MediaError(
        "{file}: is not a video, sound or image file, but {what}; {remedy}",
        file=path,
        what=known.name,
        remedy=known.remedy,
    )


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # a letter at the end may be cut in two
            return False
        text = head[: error.start].decode("utf-8")
    return bool(text) and all(letter.isprintable() or letter.isspace() for letter in text)
