"""What the table of a benchmark means, in three sentences."""

from __future__ import annotations

from soundini.benchmark.summary import Summary

_ALIKE = 0.02
"""Difference of the judge's mean rise below which two variants are alike."""

_NAMED = 3
"""How many variants a sentence names at most."""


def conclusion(table: Summary) -> str:
    """Compare the first variant with the others: by the judge, by coherence, by time. Bad news is included.

    Args:
        table: means of all variants; the first is what the others are compared with.

    Returns:
        up to three sentences; empty where there is only one variant, or the judge says nothing.
    """
    rises = _means(table, "rise of the judge's probability")
    first = next(iter(table.rows))
    if len(rises) < 2 or first not in rises:
        return ""
    others = {name: rise for name, rise in rises.items() if name != first}
    apart = {name: rise for name, rise in others.items() if abs(rise - rises[first]) > _ALIKE}
    farthest = sorted(apart, key=lambda name: -abs(apart[name] - rises[first]))[:_NAMED]
    said = (
        f"The judge's probability rises by {rises[first]:.2f} in {first}; {len(others) - len(apart)} of {len(others)} others are "
        f"within {_ALIKE:g} of it"
    )
    if farthest:
        said += f", the farthest from it are {', '.join(f'{n} ({apart[n]:.2f})' for n in farthest)}"
    sentences = [f"{said}."]
    warps = _means(table, "warp error, region")
    if first in warps:
        least, most = min(warps, key=warps.__getitem__), max(warps, key=warps.__getitem__)
        sentences.append(
            f"The warp error in the region is {warps[first]:.3f} in {first}, least in {least} ({warps[least]:.3f}) and most in "
            f"{most} ({warps[most]:.3f})."
        )
    seconds = _means(table, "seconds a job")
    alike = [name for name in rises if name not in apart and name in seconds]
    if first in seconds:
        cheapest = min(alike, key=seconds.__getitem__)
        sentences.append(
            f"Of those that the judge finds alike, {cheapest} takes the least time: {seconds[cheapest]:.0f} s a job, {first} "
            f"{seconds[first]:.0f} s."
        )
    return " ".join(sentences)


def _means(table: Summary, title: str) -> dict[str, float]:
    """Mean of a column by variant, of those that have it."""
    if title not in table.titles:
        return {}
    column = table.titles.index(title)
    cells = {name: row[column].mean for name, row in table.rows.items()}
    return {name: mean for name, mean in cells.items() if mean is not None}
