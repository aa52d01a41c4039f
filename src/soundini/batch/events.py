"""What a batch reports while it runs."""

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
    """A row is begun or resumed."""


@dataclass(frozen=True)
class RowStep(RowEvent):
    """The edit of a row made progress.

    Args:
        event: of its edit.
    """

    event: EditEvent


@dataclass(frozen=True)
class RowLost(RowEvent):
    """The worker of a row was lost, and another one resumes the row.

    Args:
        why: what happened, in one line.
    """

    why: str


@dataclass(frozen=True)
class RowEnded(RowEvent):
    """A row ended: it is done, was done before, or failed. The manifest has it.

    Args:
        outcome: how it ended.
    """

    outcome: Outcome
