"""A benchmark as a Markdown page for the docs."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from soundini.benchmark.distances import DistanceTable
from soundini.benchmark.notes import conclusion
from soundini.benchmark.suite import Suite
from soundini.benchmark.summary import Summary
from soundini.benchmark.sweep import SweepCurve
from soundini.evaluation.markdown import markdown_table
from soundini.evaluation.report import machine

IMAGES = "images/benchmark"
"""Where a page's pictures lie, beside it."""


@dataclass(frozen=True)
class Content:
    """What a report tells, as HTML or as Markdown.

    Args:
        suite: what was compared.
        table: means over the jobs.
        notes: sentences for below the table.
        distances: of all edits of a variant together.
        curve: of the sweep, where there is one.
        failed: jobs that are not done, a line each.
        command: what wrote the report.
    """

    suite: Suite
    table: Summary
    notes: Sequence[str]
    distances: Sequence[DistanceTable]
    curve: SweepCurve | None
    failed: Sequence[str]
    command: str


def markdown(content: Content, pictures: Sequence[str]) -> str:
    """The page.

    Args:
        content: what it tells.
        pictures: names of PNG files in :data:`IMAGES`.
    """
    suite, table = content.suite, content.table
    rows = [["", *table.titles]]
    for name, cells in table.rows.items():
        rows.append([name, *(f"**{cell.text}**" if cell.best else cell.text for cell in cells)])
    if len(table.rows) < len(table.titles):  # the table is read downwards
        rows = [list(row) for row in zip(*rows, strict=True)]
    variants = "\n".join(
        f"- **{name}**: {' '.join(f'`{s}`' for s in settings) or 'as the preset'}"
        for name, settings in suite.compared.items()
    )
    sheets = "\n\n".join(f"![{name}]({IMAGES}/{name}.png)" for name in pictures)
    trouble = "".join(f"\n\nFailed: {html.escape(line)}" for line in content.failed)
    tables = "".join(
        f"\n## {table.title}\n\n{table.rule}\n{_grid(table.lines())}" for table in content.distances
    )
    said = conclusion(table)
    means = f"\n{said}\n" if said else ""
    return f"""# Methods, side by side
{means}
Written by `{content.command}` on {machine()}: {len(suite.clips)} clips, {len(suite.sounds)} sounds, {suite.frames} frames each,
preset `{suite.preset}`. Means over the jobs, with 95 % bootstrap intervals; the best is bold. But for what is said below, no
figure is by a network that guided an edit.{trouble}
{_grid(rows)}
{chr(10).join(f"{note}{chr(10)}" for note in content.notes)}
{variants}
{tables}
{sheets}
"""


def _grid(rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    return f"\n{markdown_table(rows[0], rows[1:])}\n"
