"""The report of a benchmark: one HTML file that holds everything, and a Markdown page for the docs."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any

from soundini.benchmark.jobs import EDITED, Job, Result
from soundini.benchmark.pictures import loudness_plot, strip_rows
from soundini.benchmark.suite import Suite
from soundini.benchmark.summary import COLUMNS, summarise
from soundini.errors import ConfigError
from soundini.evaluation.report import machine
from soundini.evaluation.sheets import write_sheet
from soundini.media.output import PartialFile

_TEMPLATE = "report.html"
_STRIPS = "strips"
_IMAGES = "images/benchmark"


def write_reports(
    suite: Suite,
    jobs: Sequence[Job],
    results: Sequence[Result],
    failed: Sequence[str],
    command: str,
    run: Path,
    page: Path | None,
    distances: Mapping[str, Mapping[str, float]] | None = None,
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
        distances: to photographs, see :func:`soundini.benchmark.photographs.photograph_distances`.

    Returns:
        The HTML file.

    Raises:
        ConfigError: jinja2 or matplotlib is not installed.
    """
    pairs = _pairs(jobs, results)
    shown = []
    for name, job, group in pairs:
        rows = strip_rows(job, group)
        write_sheet(run / _STRIPS / f"{name}.png", rows)
        if page is not None and (not suite.shown or job.clip.name in suite.shown):
            shown.append(f"{page.stem}-{name}")
            write_sheet(page.parent / _IMAGES / f"{shown[-1]}.png", rows)
    report = run / _TEMPLATE
    _write(report, _html(suite, results, pairs, failed, command, run, distances or {}))
    if page is not None:
        _write(page, _markdown(suite, results, shown, failed, command, distances or {}))
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


def _html(
    suite: Suite,
    results: Sequence[Result],
    pairs: Sequence[tuple[str, Job, Sequence[Result]]],
    failed: Sequence[str],
    command: str,
    run: Path,
    distances: Mapping[str, Mapping[str, float]],
) -> str:
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
        for variant in suite.variants
    }
    return page_of(
        template,
        command=command,
        clips=len(suite.clips),
        sounds=len(suite.sounds),
        frames=suite.frames,
        models=pairs[0][1].request.models if pairs else "none",
        machine=machine(),
        failed=failed,
        titles=[column.title for column in COLUMNS],
        table=summarise(results),
        pairs=shown,
        distances=distances,
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


def _markdown(
    suite: Suite,
    results: Sequence[Result],
    pictures: Sequence[str],
    failed: Sequence[str],
    command: str,
    distances: Mapping[str, Mapping[str, float]],
) -> str:
    table = summarise(results)
    rows = [["", *(column.title for column in COLUMNS)]]
    for name, cells in table.items():
        rows.append([name, *(f"**{cell.text}**" if cell.best else cell.text for cell in cells)])
    if len(table) < len(COLUMNS):  # the table is read downwards
        rows = [list(row) for row in zip(*rows, strict=True)]
    rows.insert(1, ["---", *["---:"] * (len(rows[0]) - 1)])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    variants = "\n".join(
        f"- **{name}**: {' '.join(f'`{s}`' for s in settings) or 'as the preset'}"
        for name, settings in suite.variants.items()
    )
    sheets = "\n\n".join(f"![{name}]({_IMAGES}/{name}.png)" for name in pictures)
    trouble = "".join(f"\n\nFailed: {html.escape(line)}" for line in failed)
    return f"""# Methods, side by side

Written by `{command}` on {machine()}: {len(suite.clips)} clips, {len(suite.sounds)} sounds, {suite.frames} frames each, preset
`{suite.preset}`. Means over the jobs, with 95 % bootstrap intervals; the best is bold. Warp errors are of the edited
frames by the source's flow, in units of [-1, 1]. No figure is by a network that guided an edit.{trouble}

{chr(10).join(lines)}

{variants}
{_distances(distances)}

{sheets}
"""


def _distances(distances: Mapping[str, Mapping[str, float]]) -> str:
    if not distances:
        return ""
    sounds = list(next(iter(distances.values())))
    lines = [f"| | {' | '.join(sounds)} |", f"| --- |{' ---: |' * len(sounds)}"]
    for name, row in distances.items():
        lines.append(f"| {name} | {' | '.join(f'{row[sound]:.3f}' for sound in sounds)} |")
    rule = (
        "Kernel distance (KID) of the regions to held-out photographs of what is heard, on features of an ImageNet network; "
        "comparable within a column."
    )
    return f"\n{rule}\n\n{chr(10).join(lines)}\n"


def _data(kind: str, path: Path) -> str:
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with PartialFile(path) as file:
        file.partial.write_text(text)
        file.commit()
