"""Which field of a form an error is about, so that it can be told beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from soundini.errors import MaskError, SoundiniError, UnheardError

_ABOUT = "about_field"


@contextmanager
def about(field: str) -> Iterator[None]:
    """Let errors raised inside be about a field of :class:`~soundini.web.form.EditForm`.

    Args:
        field: its name; where two of these lie in each other, the inner one's.
    """
    try:
        yield
    except SoundiniError as error:
        if not field_of(error):
            setattr(error, _ABOUT, field)
        raise


def field_of(error: BaseException) -> str:
    """The field that an error is about; empty where it is about none, or nobody knows."""
    known = {MaskError: "masks", UnheardError: "sound"}
    kinds = (name for kind, name in known.items() if isinstance(error, kind))
    return getattr(error, _ABOUT, "") or next(kinds, "")
