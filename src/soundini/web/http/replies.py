"""What routes share: the session of a request, and errors as JSON in its language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers

from soundini.errors import Message
from soundini.web.http.languages import choose_language
from soundini.web.words.problems import Problems, problems_in

if TYPE_CHECKING:
    from starlette.types import Scope, Send


def problems_for(scope: Scope) -> Problems:
    """Puts errors into the language of ``Accept-Language``, else into English."""
    return problems_in(choose_language(None, Headers(scope=scope).get("accept-language", "")))


async def reply(
    scope: Scope,
    send: Send,
    status: int,
    message: Message,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answer a request with ``{"detail": ...}``.

    Args:
        scope: of the request.
        send: takes the answer.
        status: HTTP's number.
        message: what is wrong.
        headers: to add.
    """
    body = json.dumps({"detail": problems_for(scope).words(message)}).encode()
    pairs = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        **(headers or {}),
    }
    start = [(name.encode(), value.encode()) for name, value in pairs.items()]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


def session(request: Request) -> str:
    """The session of a request, which the guard has checked."""
    return request.state.owner


def words(request: Request) -> Problems:
    """Puts errors into the language of a request."""
    return problems_for(request.scope)


Owner = Annotated[str, Depends(session)]
Words = Annotated[Problems, Depends(words)]
