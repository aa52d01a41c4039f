"""Name and password of a server that other machines can reach."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from soundini.errors import ConfigError

_SHORTEST = 8
_LONGEST = 4096


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
