"""What routes share: the session and the language of a request, and errors as JSON in it."""

import json
from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.types import Scope, Send

from soundini.errors import Message
from soundini.web.words.problems import Problems, problems_in

LANGUAGES = ("en", "ko")
"""The first is the default."""


def choose_language(asked: str | None, accepted: str) -> str:
    """Choose the language of a page.

    Args:
        asked: the language in the address (``?lang=ko``), or None.
        accepted: the header ``Accept-Language``, such as ``ko-KR,ko;q=0.9,en;q=0.8``.
    """
    if asked in LANGUAGES:
        return asked
    ranked: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.split(",")):
        name, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        language = name.split("-")[0].lower()
        if language in LANGUAGES and weight > 0:
            ranked.append((-weight, place, language))
    return min(ranked)[2] if ranked else LANGUAGES[0]


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
