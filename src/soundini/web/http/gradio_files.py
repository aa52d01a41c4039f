"""What one visitor gave to Gradio is shown to no other, though their addresses cannot be guessed either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool

from soundini.web.files.folder import refuse_full
from soundini.web.http.languages import within_page
from soundini.web.http.replies import reply
from soundini.web.limits import Limits
from soundini.web.refusals import TooLargeError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

GRADIO = "gradio"
"""Folder of what passes through Gradio, in the server's."""
_UPLOAD = "/gradio_api/upload"
_FILES = ("/gradio_api/file=", "/gradio_api/file/")
_LONGEST = 2**20


class GradioFiles:
    """Remembers who uploaded which file through Gradio's own route, and refuses it to others.

    Files of the same bytes lie at one path; it is then shown to all who gave them. What Gradio leaves behind of an upload
    that was refused or broke off is deleted.

    Args:
        app: Gradio, or what holds it; the guard comes before.
        folder: the server's.
        limits: how much may lie there.
    """

    def __init__(self, app: ASGIApp, folder: Path, limits: Limits) -> None:
        self._app = app
        self._folder = folder
        self._limits = limits
        self._coming = 0
        self._owners: dict[str, set[str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        owner, path = scope["state"]["owner"], within_page(scope["path"])
        if path.startswith(_FILES) and not self._may(owner, path):
            await reply(scope, send, 403, "this file is not yours")
            return
        if path == _UPLOAD and scope["method"] == "POST":
            await self._take(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await run_in_threadpool(refuse_full, self._folder, self._limits)
        except TooLargeError as error:
            await reply(scope, send, 413, str(error))
            return
        self._coming += 1
        try:
            await self._app(scope, receive, self._noting(scope["state"]["owner"], send))
        finally:
            self._coming -= 1
            if self._coming == 0:
                await run_in_threadpool(_sweep, self._folder / GRADIO)

    def _may(self, owner: str, path: str) -> bool:
        for prefix in _FILES:
            path = path.removeprefix(prefix)
        owners = self._owners.get(_resolved(unquote(path)))
        return owners is None or owner in owners

    def _noting(self, owner: str, send: Send) -> Send:
        body = bytearray()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.body" and len(body) < _LONGEST:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    for name in _names(bytes(body)):
                        self._owners.setdefault(_resolved(name), set()).add(owner)
            await send(message)

        return noted


def _sweep(place: Path) -> None:
    """Delete half uploads: whole ones lie in folders of their own."""
    for path in place.iterdir() if place.is_dir() else ():
        if path.is_file():
            path.unlink(missing_ok=True)


def _names(body: bytes) -> list[str]:
    try:
        names = json.loads(body)
    except ValueError:
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _resolved(name: str) -> str:
    try:
        return str(Path(name).resolve())
    except (OSError, ValueError):
        return name
