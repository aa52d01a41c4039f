"""The page: static files, and one HTML page for each language."""

import hashlib
import json
from functools import cache, partial
from importlib import resources
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from soundini.web.http.replies import LANGUAGES, choose_language
from soundini.web.refusals import MissingError

_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
_KEPT = {"cache-control": "public, max-age=31536000, immutable"}
"""Addresses of files change with their content, so browsers may keep them for ever."""
_ASKED_AGAIN = {"cache-control": "no-cache"}


def make_page_router() -> APIRouter:
    """The routes of the page; the page itself uses the HTTP API."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def choose(request: Request, lang: str | None = None) -> RedirectResponse:
        """Redirect to the page in the language of the address, else of the browser."""
        chosen = choose_language(lang, request.headers.get("accept-language", ""))
        return RedirectResponse(f"/{chosen}/", 303, {"vary": "accept-language"})

    @router.get("/favicon.ico")
    def icon() -> Response:
        """Give the icon for the browser's tab."""
        return Response(_assets()["icon.svg"], media_type=_TYPES[".svg"])

    @router.get("/page/{version}/{name}")
    def asset(version: str, name: str) -> Response:
        """Give a file of the page."""
        content = _assets().get(name)
        if content is None:
            raise MissingError("there is no such file; reload the page")
        kept = _KEPT if version == _version() else _ASKED_AGAIN
        suffix = name[name.rindex(".") :]
        return Response(content, media_type=_TYPES[suffix], headers=kept)

    for language in LANGUAGES:
        router.add_api_route(f"/{language}/", partial(_page_reply, language))
    return router


def _page_reply(language: str) -> Response:
    return Response(_page(language), media_type="text/html", headers=_ASKED_AGAIN)


def page_texts(language: str) -> dict[str, str]:
    """The words of the page in a language, by their keys."""
    return json.loads((_folder() / "texts" / f"{language}.json").read_text(encoding="utf-8"))


@cache
def _page(language: str) -> str:
    """The HTML, with the words of its language as data in it."""
    texts = page_texts(language)
    words = json.dumps(texts, ensure_ascii=False).replace("<", "\\u003c")
    other = next(name for name in LANGUAGES if name != language)
    holes = {
        "language": language,
        "other": other,
        "assets": f"/page/{_version()}",
        "words": words,
        "modules": _preloads(),
        **{key: texts[key] for key in ("title", "tagline", "other_language", "loading")},
    }
    html = (_folder() / "index.html").read_text(encoding="utf-8")
    for name, value in holes.items():
        html = html.replace(f"{{{{{name}}}}}", value)
    return html


def _preloads() -> str:
    """Preload links, so that a browser fetches all modules at once."""
    names = sorted(name for name in _assets() if name.endswith(".js"))
    return "\n".join(
        f'<link rel="modulepreload" href="/page/{_version()}/{name}">' for name in names
    )


@cache
def _assets() -> dict[str, bytes]:
    folder = _folder() / "assets"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@cache
def _version() -> str:
    """Hash over all files of the page, so that no browser mixes two versions."""
    digest = hashlib.sha256()
    for name in sorted(_assets()):
        digest.update(_assets()[name])
    return digest.hexdigest()[:16]


def _folder() -> Traversable:
    return resources.files("soundini.web.page")
