"""What a batch reports while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from soundini.batch.manifest import Outcome
from soundini.batch.rows import Row
from soundini.events import EditEvent


@dataclass(frozen=True)
class RowEvent:
    """Something happened to a row.

    Args:
        number: of the row, from 1.
        total: rows in all.
        row: the row.
    """

    number: int
    total: int
    row: Row


@dataclass(frozen=True)
class RowBegun(RowEvent):
    """A row is begun, or gone on with."""


@dataclass(frozen=True)
class RowStep(RowEvent):
    """The edit of a row goes on.

    Args:
        event: of its edit.
    """

    event: EditEvent


@dataclass(frozen=True)
class RowLost(RowEvent):
    """Whatever did a row is gone, and another goes on with it.

    Args:
        why: what happened, in one line.
    """

    why: str


@dataclass(frozen=True)
class RowEnded(RowEvent):
    """A row is done, was done before, or failed; the manifest says so.

    Args:
        outcome: how it ended.
    """

    outcome: Outcome
