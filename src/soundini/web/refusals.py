"""Kinds of refusal that HTTP has numbers for."""

from __future__ import annotations

from soundini.errors import ConfigError, MediaError


class MissingError(ConfigError):
    """There is no such file or job, or it is somebody else's."""


class BusyError(ConfigError):
    """So much waits already that nothing more is taken now."""


class TooLargeError(MediaError):
    """A file is larger than may be, or there is no room for it."""
