"""Errors that have a status of their own in HTTP, and the field of a form that an error is about."""

from collections.abc import Iterator
from contextlib import contextmanager

from soundini.errors import ConfigError, MaskError, MediaError, SoundiniError, UnheardError

_ABOUT = "about_field"


class MissingError(ConfigError):
    """There is no such file or job, or it belongs to somebody else."""


class BusyError(ConfigError):
    """Too many edits wait already."""


class TooLargeError(MediaError):
    """A file is too large, or there is no room for it."""


@contextmanager
def about(field: str) -> Iterator[None]:
    """Note on errors raised inside that they are about a field of :class:`~soundini.web.form.EditForm`.

    Args:
        field: its name; of nested calls the inner one counts.
    """
    try:
        yield
    except SoundiniError as error:
        if not field_of(error):
            setattr(error, _ABOUT, field)
        raise


def field_of(error: BaseException) -> str:
    """The field that an error is about; empty if there is none."""
    known = {MaskError: "masks", UnheardError: "sound"}
    kinds = (name for kind, name in known.items() if isinstance(error, kind))
    return getattr(error, _ABOUT, "") or next(kinds, "")
