"""Fetching one published file from one address: resumed, checked while it arrives, refused when it is something else."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from soundini.errors import ModelError, SoundiniError
from soundini.weights.published import Source

if TYPE_CHECKING:
    import httpx

_CONNECT_S, _READ_S = 8.0, 20.0
_LEAST_PROGRESS = 1 << 16
"""Bytes that a try must bring, so that another one follows where the connection was cut."""
_DRIVE_HOSTS = ("drive.google.com", "drive.usercontent.google.com")
_HUB = "https://huggingface.co"
_OK, _PARTIAL, _NOT_SATISFIABLE = 200, 206, 416
_HTML_STARTS = (b"<!doctype", b"<html", b"<head", b"<?xml")


class AddressError(SoundiniError):
    """An address does not give the file; the text says why."""


class UnreachableError(AddressError):
    """Nobody answers at an address's host."""


class _RestartError(Exception):
    """What is there is not the beginning of what the address has now."""


@dataclass(frozen=True)
class Arrived:
    """A part of a file has arrived.

    Args:
        file: its name.
        have: bytes that are there.
        total: bytes of the whole, or None where the server does not say.
    """

    file: str
    have: int
    total: int | None


@contextmanager
def open_client() -> Iterator[httpx.Client]:
    """Open what speaks HTTP; it follows redirects and uses the proxies of the environment.

    Raises:
        ModelError: httpx is not installed, or a proxy's address is none.
    """
    try:
        import httpx
    except ImportError:
        raise ModelError("downloads need httpx; run: pip install 'soundini[paper]'") from None
    timeout = httpx.Timeout(_READ_S, connect=_CONNECT_S)
    try:
        client = httpx.Client(timeout=timeout, follow_redirects=True)
    except (ValueError, ImportError) as error:
        raise ModelError(
            "the proxy of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used ({why}); mend or unset "
            "it",
            why=error,
        ) from None
    with client:
        yield client


def actual_address(url: str) -> str:
    """The address that is asked: Hugging Face's is replaced by ``$HF_ENDPOINT``."""
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    return endpoint + url.removeprefix(_HUB) if endpoint and url.startswith(f"{_HUB}/") else url


def part_file(folder: Path, source: Source, url: str) -> Path:
    """Where the beginning of a file is kept between tries: one for each address and expected file."""
    name = hashlib.sha256(f"{url} {source.fingerprint}".encode()).hexdigest()[:12]
    return folder / f"{source.file}.{name}.part"


def download(
    client: httpx.Client, source: Source, url: str, folder: Path, least_bytes: int
) -> Generator[Arrived, None, Path]:
    """Fetch a file from one address; where a connection is cut after some progress, go on at once.

    Args:
        client: see :func:`open_client`.
        source: what the file should be.
        url: one of its addresses.
        folder: where the part file lies.
        least_bytes: a shorter answer is refused.

    Returns:
        The whole file, still under the part's name; its hash is not checked yet.

    Raises:
        AddressError: the address does not give the file. What has arrived is kept if more may follow.
        OSError: the file cannot be written.
    """
    import httpx

    address = actual_address(url)
    part = part_file(folder, source, address)
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        before = _size(part)
        try:
            yield from _attempt(client, source, address, part, least_bytes)
        except _RestartError:
            part.unlink()
            continue
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise UnreachableError("nobody answers ({why})", why=_first_line(error)) from None
        except httpx.TransportError as error:
            if _size(part) - before < _LEAST_PROGRESS:
                raise AddressError(
                    "the connection ended at {size:,} bytes ({why})",
                    size=_size(part),
                    why=_first_line(error),
                ) from None
            continue
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AddressError("{why}", why=_first_line(error)) from None
        try:
            _check_size(_size(part), source, least_bytes)
        except AddressError:
            part.unlink(missing_ok=True)
            raise
        return part


def discard_parts(folder: Path, source: Source) -> None:
    """Delete what tries left of a file that is whole now."""
    for suffix in ("part", "etag"):
        for leftover in folder.glob(f"{source.file}.{'[0-9a-f]' * 12}.{suffix}"):
            leftover.unlink(missing_ok=True)


def _attempt(
    client: httpx.Client, source: Source, url: str, part: Path, least_bytes: int
) -> Iterator[Arrived]:
    """Ask once, and write what comes to the part file."""
    have, tag_file = _size(part), part.with_suffix(".etag")
    known_tag = tag_file.read_text() if have and tag_file.is_file() else ""
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    if known_tag:
        headers["If-Range"] = known_tag
    with _answer(client, url, headers) as response:
        status, tag = response.status_code, response.headers.get("ETag", "")
        if have and status == _NOT_SATISFIABLE:
            if response.headers.get("Content-Range", f"bytes */{have}") != f"bytes */{have}":
                raise _RestartError
            return
        if status not in (_OK, _PARTIAL):
            raise AddressError(
                "HTTP {status}", status=f"{status} {response.reason_phrase}".rstrip()
            )
        start, total = _extent(response)
        if start and (start != have or (known_tag and tag != known_tag)):
            raise _RestartError  # another file than the one that the part began with
        have = start
        if total is not None:
            _check_size(total, source, least_bytes)
        if tag.startswith('"'):
            tag_file.write_text(tag)
        else:
            tag_file.unlink(missing_ok=True)
        with part.open("ab" if have else "wb") as file:
            for block in response.iter_raw():
                if not have and block.lstrip()[:16].lower().startswith(_HTML_STARTS):
                    raise AddressError("it answers with a web page, not the file")
                file.write(block)
                have += len(block)
                yield Arrived(source.file, have, total or source.bytes)
                if source.bytes is not None and have > source.bytes:
                    break
    if total is None and source.bytes is not None and have < source.bytes:
        raise AddressError(
            "the connection ended at {have:,} of {bytes:,} bytes", have=have, bytes=source.bytes
        )


@contextmanager
def _answer(client: httpx.Client, url: str, headers: dict[str, str]) -> Iterator[httpx.Response]:
    """Ask an address; Drive's form, which asks whether one means it, is filled in."""
    with client.stream("GET", url, headers=headers) as response:
        if not _is_page(response):
            yield response
            return
        if response.status_code >= 400:  # an error's page says less than its status
            yield response
            return
        if response.url.host not in _DRIVE_HOSTS:
            raise AddressError("it answers with a web page, not the file")
        form = _Form()
        form.feed(response.read().decode(errors="replace"))
        action = response.url.join(form.action) if form.action else None
    if action is None or action.host not in _DRIVE_HOSTS:
        raise AddressError("Google Drive answers with a page, not the file; try again in a day")
    with client.stream("GET", action, params=form.fields, headers=headers) as response:
        if _is_page(response):
            raise AddressError("Google Drive answers with a page, not the file; try again in a day")
        yield response


def _is_page(response: httpx.Response) -> bool:
    return (
        response.headers.get("Content-Type", "")
        .lower()
        .startswith(("text/html", "application/xhtml"))
    )


def _extent(response: httpx.Response) -> tuple[int, int | None]:
    """Where an answer begins in the file, and how long the whole file is, or None."""
    if response.status_code == _PARTIAL:
        span, _, whole = (
            response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        )
        first = span.partition("-")[0]
        if not first.isdigit():
            raise AddressError("it answers with a part of the file and does not say which")
        return int(first), int(whole) if whole.isdigit() else None
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _check_size(size: int, source: Source, least_bytes: int) -> None:
    if source.bytes is not None and size != source.bytes:
        raise AddressError("it gives {size:,} bytes, not {bytes:,}", size=size, bytes=source.bytes)
    if size < least_bytes:
        raise AddressError(
            "it gives {size:,} bytes, and the weights have {least_bytes:,} at the least",
            size=size,
            least_bytes=least_bytes,
        )


class _Form(HTMLParser):
    """Reads the first form of a page: its action and the fields that are filled in."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = found.get("action", "")
        elif tag == "input" and self.action and found.get("name"):
            self.fields[found["name"]] = found.get("value", "")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
