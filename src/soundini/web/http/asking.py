"""What routes read from a request: its session, and the language of its errors."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from soundini.web.http.replies import problems_for
from soundini.web.words.problems import Problems


def session(request: Request) -> str:
    """The session of a request, which the guard has checked."""
    return request.state.owner


def words(request: Request) -> Problems:
    """Puts errors into the language of a request."""
    return problems_for(request.scope)


Owner = Annotated[str, Depends(session)]
Words = Annotated[Problems, Depends(words)]
