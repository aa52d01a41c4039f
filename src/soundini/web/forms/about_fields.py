"""Notes which field of a form an error is about, so that the page can show it there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from soundini.errors import MaskError, SoundiniError, UnheardError

_ABOUT = "about_field"


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
