"""Distances between all edits of a variant and other pictures or clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DistanceTable:
    """One distance of each variant, comparable within a column alone.

    Args:
        title: its name.
        rule: what it is, on which features, and of how many pictures.
        rows: variant -> column -> distance; empty where there are too few pictures, which the rule then says.
        digits: after the point.
    """

    title: str
    rule: str
    rows: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    digits: int = 3

    def lines(self) -> list[list[str]]:
        """The table as text: a line of names, then one for each variant; empty without rows."""
        if not self.rows:
            return []
        columns = list(next(iter(self.rows.values())))
        shown = [
            [name, *(f"{row[column]:.{self.digits}f}" for column in columns)]
            for name, row in self.rows.items()
        ]
        return [["", *columns], *shown]
