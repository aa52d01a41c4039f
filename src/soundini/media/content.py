"""What a file is that is no video, sound or picture, by the bytes with which it begins."""

from __future__ import annotations

from typing import NamedTuple


class Content(NamedTuple):
    """A kind of file.

    Args:
        name: with its article.
        remedy: what to do to get what is meant.
    """

    name: str
    remedy: str


_ARRAYS = "save one array of it as .npy, or a picture as PNG"
_PICTURE = "export it as PNG"
_BY_MARK = (
    (b"version https://git-lfs", Content("a pointer of Git LFS", "fetch the file itself, with: git lfs pull")),
    (b"PK\x03\x04", Content("a ZIP archive, as .npz and .zip are", f"unpack it first, or {_ARRAYS}")),
    (b"\x80\x04", Content("a pickle of Python", _ARRAYS)),
    (b"\x80\x05", Content("a pickle of Python", _ARRAYS)),
    (b"\x80\x03", Content("a pickle of Python", _ARRAYS)),
    (b"\x89HDF", Content("an HDF5 file, as .h5 and new .mat are", _ARRAYS)),
    (b"MATLAB", Content("a file of MATLAB", _ARRAYS)),
    (b"\x1f\x8b", Content("compressed with gzip", "unpack it first")),
    (b"7z\xbc\xaf", Content("a 7-Zip archive", "unpack it first")),
    (b"Rar!", Content("a RAR archive", "unpack it first")),
    (b"%PDF", Content("a PDF document", _PICTURE)),
    (b"{\\rtf", Content("a text document", "name the file that you mean")),
    (b"#EXTM3U", Content("a playlist, which names other files", "name the file that is played")),
    (b"[InternetShortcut]", Content("a link to a web page", "download the file itself")),
)  # fmt: skip
_WEB_PAGE = Content("a web page (HTML)", "download the file itself")
_DRAWING = Content("a drawing (SVG)", _PICTURE)
_JSON = Content("JSON", "name the file that you mean")
_TEXT = Content("plain text", "name the file that you mean")
EVERY_CONTENT = (*(content for _, content in _BY_MARK), _WEB_PAGE, _DRAWING, _JSON, _TEXT)
"""All that is told apart."""
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body")


def what_it_is(head: bytes) -> Content | None:
    """Tell what a file is that cannot be read; None where that is not known.

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


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a letter is cut in two at the end
            return False
        text = head[: error.start].decode("utf-8")
    return bool(text) and all(letter.isprintable() or letter.isspace() for letter in text)
