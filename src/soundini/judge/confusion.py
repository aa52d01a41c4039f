"""Confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Confusion:
    """A confusion matrix: true classes in rows, predicted classes in columns.

    Args:
        classes: names.
        counts: how often; rows are the truth.

    Shape:
        ``counts``: ``[classes, classes]``.
    """

    classes: tuple[str, ...]
    counts: np.ndarray

    @classmethod
    def of(
        cls, classes: Sequence[str], truth: Sequence[int], taken_for: Sequence[int]
    ) -> Confusion:
        """Count pairs of class numbers."""
        counts = np.zeros((len(classes), len(classes)), int)
        np.add.at(counts, (np.asarray(truth, int), np.asarray(taken_for, int)), 1)
        return cls(tuple(classes), counts)

    @property
    def accuracy(self) -> float:
        """Share of right answers; 0 where there are none."""
        return float(np.trace(self.counts) / max(self.counts.sum(), 1))

    @property
    def by_class(self) -> dict[str, float]:
        """Share that is right, of each class that occurs (its recall)."""
        totals = self.counts.sum(1)
        return {
            name: float(self.counts[k, k] / totals[k])
            for k, name in enumerate(self.classes)
            if totals[k]
        }

    @property
    def balanced(self) -> float:
        """Mean recall over the classes; 0 where there are no answers."""
        shares = list(self.by_class.values())
        return float(np.mean(shares)) if shares else 0.0

    def markdown(self) -> str:
        """A table: the truth in rows, what it was taken for in columns, and the share that is right."""
        lines = [
            f"| | {' | '.join(self.classes)} | right |",
            f"|---|{'---:|' * (len(self.classes) + 1)}",
        ]
        right = self.by_class
        for name, row in zip(self.classes, self.counts, strict=True):
            if name in right:
                cells = " | ".join(str(count) for count in row)
                lines.append(f"| **{name}** | {cells} | {right[name]:.0%} |")
        return "\n".join(lines)
