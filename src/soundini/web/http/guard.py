"""Checks every request first: who sends it, from where, how often, and how large it is."""

import ipaddress
import time
from collections.abc import Callable, Collection, Iterable
from http.cookies import CookieError, SimpleCookie

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as Part

from soundini.errors import Message
from soundini.web.http.credentials import COOKIE, SECONDS, Credentials, Sessions
from soundini.web.http.replies import reply
from soundini.web.limits import MIB, Limits

_MOST = 4096
"""Buckets that are kept; the fullest restrain nobody and are dropped first."""
LOCAL_NAMES = frozenset({"localhost"})
_SAFE = ("GET", "HEAD", "OPTIONS")
_GUESSES_AT_ONCE = 10
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(self)",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
}


class TokenBuckets:
    """A token bucket for each name; not for several threads at once.

    Args:
        rate: tokens a second.
        size: tokens that a full bucket holds.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self, rate: float, size: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._size = size
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> bool:
        """Take a token if there is one."""
        level = self.level(name)
        if level < 1:
            return False
        self._levels[name] = level - 1, self._clock()
        if len(self._levels) > _MOST:
            fullest = sorted(self._levels, key=self.level, reverse=True)
            for other in fullest[: _MOST // 2]:
                del self._levels[other]
        return True

    def level(self, name: str) -> float:
        """Tokens that are there now."""
        now = self._clock()
        level, since = self._levels.get(name, (self._size, now))
        return min(self._size, level + (now - since) * self._rate)


class Guard:
    """Lets requests through to an ASGI application, each with its session in ``scope["state"]["owner"]``.

    - The ``Host`` must be an address, a local name, or one that was allowed, against DNS rebinding: a foreign name that
      was made to point at this machine is refused.
    - A request that changes something must come from a page of this server, if the browser names the origin.
    - If there is a password, nothing is shown without it, and guesses are slowed down.
    - The rate of an address is limited, and so is the size of a body, which is counted while it streams.

    Args:
        app: the application behind it.
        sessions: makes and checks cookies.
        limits: rates and sizes.
        credentials: name and password to ask for; None lets everybody in.
        hosts: names that the server is known by, besides addresses.
    """

    def __init__(
        self,
        app: ASGIApp,
        sessions: Sessions,
        limits: Limits,
        credentials: Credentials | None = None,
        hosts: Collection[str] = LOCAL_NAMES,
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._limits = limits
        self._credentials = credentials
        self._hosts = {host.lower() for host in hosts} | LOCAL_NAMES
        self._requests = TokenBuckets(limits.requests_a_second, limits.burst)
        self._guesses = TokenBuckets(limits.guesses_a_minute / 60, _GUESSES_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _headers(scope["headers"])
        cookies: dict[str, str] = {}
        send = _with_headers(send, _HEADERS, cookies)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            status, words = refusal
            more = {"www-authenticate": 'Basic realm="soundini"'} if status == 401 else {}
            await reply(scope, send, status, words, {"retry-after": "5"} if status == 429 else more)
            return
        owner = self._sessions.owner(_cookies(headers.get("cookie", "")))
        if owner is None:
            owner = self._sessions.new()
            cookies[COOKIE] = self._sessions.cookie(owner)
        scope.setdefault("state", {})["owner"] = owner
        await _Counted(self._app, self._limits.body_bytes)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, Message] | None:
        """Status and message of a request that is refused; None if it may pass."""
        host = headers.get("host", "")
        if not self._knows(host):
            return 403, Message(
                "this server is not known by that name; use the address that it printed"
            )
        client = scope.get("client")
        address = client[0] if client else ""
        if not self._requests.take(address):
            return 429, Message("too many requests at once; wait a few seconds")
        if self._credentials is not None:
            told = headers.get("authorization", "")
            if told and self._guesses.level(address) < 1:
                return 429, Message("too many wrong passwords; wait a minute")
            if not self._credentials.admit(told):
                if told:
                    self._guesses.take(address)
                return 401, Message("a name and a password are needed")
        if scope["method"] not in _SAFE and not _is_own(headers, scope, host):
            return 403, Message("this request comes from another page; use the page of this server")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            return 400, Message("the length of this request is no number")
        if len(length) > 18 or int(length) > self._limits.body_bytes:
            return 413, _too_large(self._limits.body_bytes)
        return None

    def _knows(self, host: str) -> bool:
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return name.lower() in self._hosts
        return True


class _Counted:
    """Ends a request whose body grows too large, and answers in place of the application."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size, begun, over = 0, False, False

        async def counted() -> Part:
            nonlocal size, over
            message = await receive()
            if message["type"] == "http.request":
                size += len(message.get("body", b""))
                if size > self._most:
                    over = True
                    return {"type": "http.disconnect"}
            return message

        async def watched(message: Part) -> None:
            nonlocal begun
            if over and not begun:
                return
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except Exception:
            if not over:
                raise
        if over and not begun:
            await reply(scope, send, 413, _too_large(self._most))


def _too_large(most: int) -> Message:
    return Message(
        "this is larger than {amount:g} MiB, the most that is taken here; make it smaller, or cut it shorter",
        {"amount": most / MIB},
    )


def _is_own(headers: dict[str, str], scope: Scope, host: str) -> bool:
    """Whether a request comes from a page of this server, or from no page at all."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or origin.lower() == f"{scope['scheme']}://{host}".lower()


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def _with_headers(send: Send, headers: dict[str, str], cookies: dict[str, str]) -> Send:
    """Add missing headers, and cookies, to a response."""

    async def added(message: Part) -> None:
        if message["type"] == "http.response.start":
            pairs = list(message.get("headers", []))
            there = {name.lower() for name, _ in pairs}
            pairs += [
                (name.encode(), value.encode())
                for name, value in headers.items()
                if name.encode() not in there
            ]
            for name, value in cookies.items():
                text = f"{name}={value}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Strict"
                pairs.append((b"set-cookie", text.encode()))
            message = {**message, "headers": pairs}
        await send(message)

    return added
