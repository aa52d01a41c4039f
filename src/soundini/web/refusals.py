"""Errors that have a status of their own in HTTP."""

from __future__ import annotations

from soundini.errors import ConfigError, MediaError


class MissingError(ConfigError):
    """There is no such file or job, or it belongs to somebody else."""


class BusyError(ConfigError):
    """Too many edits wait already."""


class TooLargeError(MediaError):
    """A file is too large, or there is no room for it."""
