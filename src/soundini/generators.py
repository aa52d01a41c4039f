"""Running generators that yield events and return a result."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

Event = TypeVar("Event")
Mapped = TypeVar("Mapped")
Result = TypeVar("Result")


def finish(
    work: Generator[Event, None, Result], tell: Callable[[Event], object] | None = None
) -> Result:
    """Run a generator to its end, and return what it returns.

    Args:
        work: the generator; it is always closed.
        tell: is called with each event, or None.
    """
    with closing(work):
        while True:
            try:
                event = next(work)
            except StopIteration as end:
                return end.value
            if tell is not None:
                tell(event)


def map_events(
    work: Generator[Event, None, Result], change: Callable[[Event], Mapped]
) -> Generator[Mapped, None, Result]:
    """Yield the events of a generator after a function has changed each, and return what the generator returns.

    Args:
        work: the generator; it is always closed.
        change: makes the event that is yielded from the one that came.
    """
    with closing(work):
        while True:
            try:
                event = next(work)
            except StopIteration as end:
                return end.value
            yield change(event)
