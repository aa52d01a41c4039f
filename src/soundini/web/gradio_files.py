"""What one visitor gave to Gradio is shown to no other, though their addresses cannot be guessed either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from soundini.web.languages import within_page
from soundini.web.replies import reply

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_UPLOAD = "/gradio_api/upload"
_FILES = ("/gradio_api/file=", "/gradio_api/file/")
_LONGEST = 2**20


class GradioFiles:
    """Remembers who uploaded which file through Gradio's own route, and refuses it to others.

    Files of the same bytes lie at one path; it is then shown to all who gave them.

    Args:
        app: Gradio, or what holds it; the guard comes before.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._owners: dict[str, set[str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        owner, path = scope["state"]["owner"], within_page(scope["path"])
        if path.startswith(_FILES) and not self._may(owner, path):
            await reply(send, 403, "this file is not yours")
            return
        if path == _UPLOAD and scope["method"] == "POST":
            send = self._noting(owner, send)
        await self._app(scope, receive, send)

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
