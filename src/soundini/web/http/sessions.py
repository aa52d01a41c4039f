"""Who a visitor is: a random id in a cookie that the server has signed."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from soundini.errors import ConfigError

COOKIE = "soundini_session"
SECONDS = 365 * 24 * 3600
"""Seconds for which a browser keeps the cookie, so that visitors find their jobs again."""
SECRET = "secret"
_BYTES = 32
_VALUE = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")


class Sessions:
    """Makes and checks the cookies of one server.

    Args:
        folder: holds the secret, which only this user may read; it is created if needed.

    Raises:
        ConfigError: somebody else may read the secret, or it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._secret = _read_secret(folder / SECRET)

    def new(self) -> str:
        """A new session id."""
        return secrets.token_hex(16)

    def cookie(self, owner: str) -> str:
        """The cookie's value for a session."""
        return f"{owner}.{self._signature(owner)}"

    def owner(self, cookies: Mapping[str, str]) -> str | None:
        """The session of these cookies; None if ours is missing or its signature is wrong."""
        match = _VALUE.fullmatch(cookies.get(COOKIE, ""))
        if match is None or not hmac.compare_digest(match[2], self._signature(match[1])):
            return None
        return match[1]

    def _signature(self, owner: str) -> str:
        return hmac.new(self._secret, owner.encode(), hashlib.sha256).hexdigest()


def _read_secret(path: Path) -> bytes:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
    except FileExistsError:
        pass
    status = path.lstat()
    if os.name == "posix" and (path.is_symlink() or status.st_mode & 0o077):
        raise ConfigError(
            "{file} may be read by others; delete it, and visitors begin anew", file=path
        )
    secret = path.read_bytes()
    if len(secret) != _BYTES:
        raise ConfigError("{file} is damaged; delete it, and visitors begin anew", file=path)
    return secret
