"""Running what yields events on its way to a result."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

Event = TypeVar("Event")
Told = TypeVar("Told")
Result = TypeVar("Result")


def finish(
    work: Generator[Event, None, Result], tell: Callable[[Event], object] | None = None
) -> Result:
    """Run a generator to its end, and return what it returns.

    Args:
        work: closed in any case.
        tell: is given each event; None where nobody wants to know.
    """
    with closing(work):
        while True:
            try:
                event = next(work)
            except StopIteration as end:
                return end.value
            if tell is not None:
                tell(event)


def retold(
    work: Generator[Event, None, Result], tell: Callable[[Event], Told]
) -> Generator[Told, None, Result]:
    """Yield what a generator yields in other words, and return what it returns.

    Args:
        work: closed in any case.
        tell: makes of each event the one that is yielded.
    """
    with closing(work):
        while True:
            try:
                event = next(work)
            except StopIteration as end:
                return end.value
            yield tell(event)
