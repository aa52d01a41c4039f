"""The server as an ASGI application: the guard round everything, the HTTP API, and the page."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response

from soundini._version import __version__
from soundini.errors import ConfigError, SoundiniError
from soundini.web.http.api import PREFIX, make_router
from soundini.web.http.credentials import Credentials
from soundini.web.http.gradio_files import GRADIO, GradioFiles
from soundini.web.http.guard import Guard
from soundini.web.http.languages import LANGUAGES, choose_language
from soundini.web.http.replies import problems_for
from soundini.web.http.sessions import Sessions
from soundini.web.refusals import BusyError, MissingError, TooLargeError
from soundini.web.service import EditService

if TYPE_CHECKING:
    import gradio as gr
    from starlette.types import ASGIApp

_LOG = logging.getLogger("soundini.web")
_STATUS: dict[type[SoundiniError], int] = {MissingError: 404, TooLargeError: 413, BusyError: 429}
_LONGEST = 1000


def make_app(
    service: EditService,
    credentials: Credentials | None = None,
    hosts: Collection[str] = (),
    *,
    with_page: bool = True,
) -> ASGIApp:
    """The whole server.

    Args:
        service: does the work.
        credentials: who may come in; None for everybody who can reach the server.
        hosts: names that the server is known by, besides addresses and ``localhost``.
        with_page: False for the HTTP API alone, which is there at once.

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
    if with_page:
        _mount_page(app, service, sessions)
    files = GradioFiles(app, service.folder, service.limits)
    return Guard(files, sessions, service.limits, credentials, hosts)


def _mount_page(app: FastAPI, service: EditService, sessions: Sessions) -> None:
    place = service.folder / GRADIO
    shutil.rmtree(place, ignore_errors=True)  # nothing in it outlives the page that it was shown on
    place.mkdir()
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(place)
    os.environ["GRADIO_EXAMPLES_CACHE"] = str(place / "examples")
    os.environ["HF_HUB_OFFLINE"] = "1"
    import gradio as gr

    from soundini.web.page import build_page
    from soundini.web.page.parts import asset

    def owner_of(request: gr.Request) -> str:
        owner = sessions.owner(request.cookies)
        if owner is None:
            raise ConfigError("this page has lost its cookie; allow cookies and reload it")
        return owner

    @app.get("/", include_in_schema=False)
    def choose(request: Request, lang: str | None = None) -> RedirectResponse:
        """Lead to the page in the language that is asked for, or that the browser is set to."""
        chosen = choose_language(lang, request.headers.get("accept-language", ""))
        return RedirectResponse(f"/{chosen}/", 303, {"vary": "accept-language"})

    @app.get("/favicon.ico", include_in_schema=False)
    def icon() -> Response:
        """Show the picture in the browser's tab."""
        return Response(asset("icon.svg"), media_type="image/svg+xml")

    for language in LANGUAGES:
        page = build_page(service, owner_of, language)
        options = {**mount_options(service), **page.mount}
        gr.mount_gradio_app(app, page.blocks, path=f"/{language}", **options)


def mount_options(service: EditService) -> dict[str, Any]:
    """What Gradio is told about the server: no files but its own, nothing from the network, uploads of a largest size."""
    own = ("owners", "incoming", "secret", "lock")
    return {
        "allowed_paths": [],
        "blocked_paths": [str(service.folder / name) for name in own],
        "max_file_size": service.limits.body_bytes,
        "footer_links": [],
        "run_history": False,
        "ssr_mode": False,
        "enable_monitoring": False,
        "mcp_server": False,
        "show_error": True,
    }


def _told(request: Request, error: Exception) -> JSONResponse:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
    return _detail(request, str(error), status)


def _told_defect(request: Request, error: Exception) -> JSONResponse:
    _LOG.error("%s %s", request.method, request.url.path, exc_info=error)
    return _detail(request, "this is a defect of soundini; its log says more", 500)


def _told_invalid(request: Request, error: Exception) -> JSONResponse:
    """Tell in one line which fields are wrong."""
    assert isinstance(error, RequestValidationError)
    parts = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"][1:])
        parts.append(f"{where}: {str(item['msg']).removeprefix('Value error, ')}".lstrip(": "))
    return _detail(request, "; ".join(parts), 422)


def _detail(request: Request, words: str, status: int) -> JSONResponse:
    return JSONResponse({"detail": problems_for(request.scope).words(words)[:_LONGEST]}, status)
