"""Whose request it is, and how it is told what is wrong."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from soundini.web.http.replies import problems_for
from soundini.web.words.problems import Problems


def session(request: Request) -> str:
    """Whose request it is: the guard has found out."""
    return request.state.owner


def words(request: Request) -> Problems:
    """How it is told what is wrong."""
    return problems_for(request.scope)


Owner = Annotated[str, Depends(session)]
Words = Annotated[Problems, Depends(words)]
