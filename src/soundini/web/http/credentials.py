"""Who may enter, and who a visitor is: a name and a password, and a random id in a cookie that the server has signed."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from soundini.errors import ConfigError

_SHORTEST = 8
_LONGEST = 4096
COOKIE = "soundini_session"
SECONDS = 365 * 24 * 3600
"""Seconds for which a browser keeps the cookie, so that visitors find their jobs again."""
SECRET = "secret"
_BYTES = 32
_VALUE = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")


@dataclass(frozen=True)
class Credentials:
    """A name and a password.

    Args:
        text: ``USER:PASSWORD``.
    """

    text: str

    def admit(self, authorization: str) -> bool:
        """Whether an ``Authorization`` header of HTTP's Basic scheme holds them."""
        scheme, _, value = authorization.partition(" ")
        try:
            told = base64.b64decode(value.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        same = hmac.compare_digest(told, self.text.encode())
        return same and scheme.lower() == "basic"


def read_credentials(asked: str | None) -> Credentials | None:
    """The credentials that ``--auth`` names.

    Args:
        asked: ``USER:PASSWORD``, or a file whose first line holds it; None for no password.

    Raises:
        ConfigError: it is neither, or the password is too short.
    """
    if asked is None:
        return None
    path = Path(asked)
    text = asked
    try:
        if path.is_file():
            with path.open(encoding="utf-8") as file:
                text = file.readline(_LONGEST).strip()
    except (OSError, ValueError) as error:
        raise ConfigError(
            "--auth {asked}: cannot be read ({why})", asked=asked, why=error
        ) from None
    name, colon, password = text.partition(":")
    if not name or not colon:
        raise ConfigError("--auth wants USER:PASSWORD, or a file that holds it on its first line")
    if len(password) < _SHORTEST:
        raise ConfigError(
            "--auth: the password is shorter than {least} characters", least=_SHORTEST
        )
    return Credentials(text)


def is_loopback(host: str) -> bool:
    """Whether a host name is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_open_door(host: str, credentials: Credentials | None) -> None:
    """Refuse to listen without a password where other machines can connect.

    Raises:
        ConfigError: the host is reachable and there is no password.
    """
    if credentials is None and not is_loopback(host):
        raise ConfigError(
            "--host {host} lets others reach this page; say who may: --auth USER:PASSWORD (or a file "
            "that holds it)",
            host=host,
        )


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
