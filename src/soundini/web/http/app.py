"""The server as an ASGI application: the guard around the HTTP API and the page."""

import logging
from collections.abc import Collection

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp

from soundini._version import __version__
from soundini.config.section import wrong
from soundini.errors import Message, SoundiniError
from soundini.web.http.api import PREFIX, make_router
from soundini.web.http.credentials import Credentials, Sessions
from soundini.web.http.guard import Guard
from soundini.web.http.page import make_page_router
from soundini.web.http.replies import problems_for
from soundini.web.refusals import BusyError, MissingError, TooLargeError, field_of
from soundini.web.service import EditService

_LOG = logging.getLogger("soundini.web")
_STATUS: dict[type[SoundiniError], int] = {MissingError: 404, TooLargeError: 413, BusyError: 429}
_LONGEST = 1000


def make_app(
    service: EditService,
    credentials: Credentials | None = None,
    hosts: Collection[str] = (),
) -> ASGIApp:
    """Build the server.

    Args:
        service: does the work.
        credentials: name and password to ask for; None lets everybody in.
        hosts: names that the server is known by, besides addresses and ``localhost``.

    Raises:
        ConfigError: the secret of the sessions cannot be used.
    """
    sessions = Sessions(service.folder)
    app = FastAPI(
        title="soundini",
        version=__version__,
        description="Edit videos by sounds. Sessions are kept in a cookie: keep it to find your files and jobs again.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # these pages would fetch scripts from the network
        redoc_url=None,
    )
    app.include_router(make_router(service))
    app.add_exception_handler(SoundiniError, _told)
    app.add_exception_handler(RequestValidationError, _told_invalid)
    app.add_exception_handler(Exception, _told_defect)
    app.include_router(make_page_router())
    return Guard(app, sessions, service.limits, credentials, hosts)


def _told(request: Request, error: Exception) -> JSONResponse:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
    assert isinstance(error, SoundiniError)
    return _detail(request, error.message, status, field_of(error))


def _told_defect(request: Request, error: Exception) -> JSONResponse:
    _LOG.error("%s %s", request.method, request.url.path, exc_info=error)
    return _detail(request, Message("this is a defect of soundini; its log says more"), 500)


def _told_invalid(request: Request, error: Exception) -> JSONResponse:
    """Say in one line which fields are wrong, and which is the first."""
    assert isinstance(error, RequestValidationError)
    parts = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"][1:])
        told = wrong(item)
        parts.append(
            Message("{setting}: {wrong}", {"setting": where, "wrong": told}) if where else told
        )
    place = error.errors()[0]["loc"]
    field = str(place[1]) if place[0] == "body" and len(place) > 1 else ""
    return _detail(request, Message("{problems}", {"problems": tuple(parts)}), 422, field)


def _detail(request: Request, message: Message, status: int, field: str = "") -> JSONResponse:
    detail = problems_for(request.scope).words(message)[:_LONGEST]
    return JSONResponse({"detail": detail, **({"field": field} if field else {})}, status)
