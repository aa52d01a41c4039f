"""The report of a benchmark: one HTML file that holds everything, and a Markdown page for the docs."""

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any

from soundini.benchmark.distances import DistanceTable
from soundini.benchmark.jobs import EDITED, Job, Result
from soundini.benchmark.notes import conclusion, notes
from soundini.benchmark.pictures import (
    SweepCurve,
    loudness_plot,
    png_of,
    strip_rows,
    svg_of,
    sweep_curve,
    sweep_figure,
)
from soundini.benchmark.suite import Suite
from soundini.benchmark.summary import Summary, summarise
from soundini.errors import ConfigError
from soundini.evaluation.markdown import markdown_table
from soundini.evaluation.report import machine
from soundini.evaluation.sheets import write_sheet
from soundini.media.output import write_whole

_TEMPLATE = "report.html"
_STRIPS = "strips"
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


def write_reports(
    suite: Suite,
    jobs: Sequence[Job],
    results: Sequence[Result],
    failed: Sequence[str],
    command: str,
    run: Path,
    page: Path | None,
    distances: Sequence[DistanceTable] = (),
) -> Path:
    """Write ``report.html`` into the run's folder, and a Markdown page where one is asked for.

    Args:
        suite: what was compared.
        jobs: all jobs.
        results: of those that are done.
        failed: why the others are not, a line each.
        command: what wrote the report.
        run: where jobs, strips and the report lie.
        page: None, or a Markdown file; its pictures go to ``images/benchmark`` beside it. Only clips that may be shown are on it.
        distances: of all edits of a variant together, to photographs and to other clips.

    Returns:
        The HTML file.

    Raises:
        ConfigError: jinja2 or matplotlib is not installed.
    """
    content = Content(
        suite=suite,
        table=summarise(results),
        notes=notes(suite, results) if results else [],
        distances=distances,
        curve=sweep_curve(suite.sweep.setting, suite.points, results) if suite.sweep else None,
        failed=failed,
        command=command,
    )
    pairs = _pairs(jobs, results)
    shown = []
    for name, job, group in pairs:
        rows = strip_rows(job, group)
        write_sheet(run / _STRIPS / f"{name}.png", rows)
        if page is not None and (not suite.shown or job.clip.name in suite.shown):
            shown.append(f"{page.stem}-{name}")
            write_sheet(page.parent / IMAGES / f"{shown[-1]}.png", rows)
    report = run / _TEMPLATE
    _write(report, _html(content, pairs, run).encode())
    if page is not None:
        if content.curve is not None:
            shown.insert(0, f"{page.stem}-sweep")
            figure = sweep_figure(content.curve)
            _write(page.parent / IMAGES / f"{shown[0]}.png", png_of(figure))
        _write(page, markdown(content, shown).encode())
    return report


def _pairs(
    jobs: Sequence[Job], results: Sequence[Result]
) -> list[tuple[str, Job, Sequence[Result]]]:
    """The results of each clip and sound: a name, one of the jobs, the results."""
    by_output = {result.folder: result for result in results}
    pairs = []
    for (clip, sound), group in groupby(jobs, key=lambda job: (job.clip.name, job.sound)):
        mine = list(group)
        done = [by_output[job.folder] for job in mine if job.folder in by_output]
        if done:
            pairs.append((f"{clip}-{sound}", mine[0], done))
    return pairs


def _html(content: Content, pairs: Sequence[tuple[str, Job, Sequence[Result]]], run: Path) -> str:
    suite, curve = content.suite, content.curve
    template = (resources.files("soundini.benchmark") / _TEMPLATE).read_text()
    shown: list[dict[str, Any]] = [
        {
            "clip": job.clip.name,
            "sound": job.sound,
            "strip": _data("image/png", run / _STRIPS / f"{name}.png"),
            "plot": loudness_plot(group),
            "players": [
                {"variant": r.variant, "source": _data("video/mp4", r.folder / EDITED)}
                for r in group
            ],
        }
        for name, job, group in pairs
    ]
    settings = {
        variant: json.dumps(suite.recipe(variant).model_dump(mode="json"), indent=1)
        for variant in suite.compared
    }
    return page_of(
        template,
        content=content,
        models=pairs[0][1].request.models if pairs else "none",
        machine=machine(),
        sweep=svg_of(sweep_figure(curve)) if curve else "",
        pairs=shown,
        settings=settings,
    )


def page_of(template: str, **values: Any) -> str:
    """Fill a template of HTML; what is filled in is escaped.

    Raises:
        ConfigError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment
    except ImportError:
        raise ConfigError(
            "pages need jinja2 and matplotlib; run: pip install 'soundini[benchmark]'"
        ) from None
    return Environment(autoescape=True).from_string(template).render(**values)


def _data(kind: str, path: Path) -> str:
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)


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
