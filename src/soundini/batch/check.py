"""Checks a whole batch before any edit begins."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundini.batch.manifest import Outcome
from soundini.batch.place import Place, read_by, refuse_links
from soundini.batch.rows import Batch, Row
from soundini.editing.files import ModelCache, check_outputs, hash_inputs
from soundini.editing.memory import arrange
from soundini.editing.methods import weight_hashes
from soundini.editing.part import read_part
from soundini.editing.request import EditRequest, read_request, sidecar_path
from soundini.editing.window import text_tower
from soundini.errors import Message, SoundiniError
from soundini.generators import finish
from soundini.jobs.run import is_same_edit
from soundini.media.output import PartialFile, write_error
from soundini.packs.pack import file_hash
from soundini.settings_files import read_json


@dataclass(frozen=True)
class Finding:
    """What the check found out about an edit.

    Args:
        problem: why it cannot be done, in one line; None where it can.
        finished: what it came to before, where it need not be done again.
        frames: to be edited; 0 where there is nothing to do.
    """

    problem: Message | None = None
    finished: Outcome | None = None
    frames: int = 0


@dataclass(frozen=True)
class RowChecked:
    """A row was checked.

    Args:
        number: of the row, from 1.
        total: rows in all.
        row: the row.
        finding: what was found.
    """

    number: int
    total: int
    row: Row
    finding: Finding

    @property
    def problem(self) -> Message | None:
        """Why the row cannot be edited, in one line; None if it can."""
        return self.finding.problem

    @property
    def finished(self) -> Outcome | None:
        """The earlier result, if the row is done already."""
        return self.finding.finished

    @property
    def request(self) -> EditRequest:
        """The edit of a row that has no problem."""
        assert self.row.request is not None
        return self.row.request


def check_rows(batch: Batch, models: ModelCache) -> Iterator[RowChecked]:
    """Check every row by itself and against all others; nothing is left on disk.

    Videos are read to their ends, masks made and sounds heard, unless the row is done already. What is not known before a row
    begins is whether it fits into its ``compute.memory``.

    Args:
        batch: what is to be done.
        models: loads what the rows need.
    """
    clashes = find_clashes(batch.rows)
    for number, row in enumerate(batch.rows, 1):
        finding = Finding(row.problem or clashes.get(number))
        if row.request is not None and not finding.problem:
            finding = check_row(row.request, batch.place, models)
        yield RowChecked(number, len(batch.rows), row, finding)


def check_row(request: EditRequest, place: Place, models: ModelCache) -> Finding:
    """Check one edit by itself.

    Args:
        request: the edit, with absolute paths.
        place: where it may read and write.
        models: loads what it needs.
    """
    try:
        return _check(request, place, models)
    except SoundiniError as error:
        return Finding(error.message)
    except OSError as error:
        return Finding(write_error(request.output, error).message)


def _check(request: EditRequest, place: Place, models: ModelCache) -> Finding:
    written = request.output, sidecar_path(request.output)
    for path in written:
        refuse_links(path, place.root)
    place.bring(*read_by(request))
    place.bring(*written, missing_ok=True)
    _check_writable(request)
    finished = find_finished(request, models)
    if finished is not None:
        return Finding(finished=finished)
    pack = models.open(request)
    arrange(pack, request.recipe)
    guidance = request.recipe.guidance
    if guidance.text and guidance.lambda_text:
        text_tower(pack)
    with closing(finish(read_part(request))) as part:
        part.lay(pack.joint)
        return Finding(frames=len(part.times) - 1)


def _check_writable(request: EditRequest) -> None:
    """Check that the output can be written, or that its folder can be made."""
    folder = request.output.parent
    if folder.is_dir():
        check_outputs(request)
        return
    there = next(parent for parent in folder.parents if parent.exists())
    with PartialFile(there / request.output.name):
        pass


def find_clashes(rows: Sequence[Row]) -> dict[int, Message]:
    """Rows that would write what another one writes, or what any of them reads: number -> problem."""
    read = {
        _identity(path)
        for row in rows
        if row.request is not None
        for path in (*row.request.inputs, *([row.recipe_file] if row.recipe_file else []))
    }
    problems: dict[int, Message] = {}
    writers: dict[str, Row] = {}
    for number, row in enumerate(rows, 1):
        if row.request is None:
            continue
        output = row.request.output
        first = writers.setdefault(os.path.normcase(output), row)
        if first is not row:
            problems[number] = Message(
                "writes {output}, as {name} ({where}) does; "
                "tell them apart by name:, with {{mask}} or {{recipe}} in it, say",
                {"output": output, "name": first.name, "where": first.where},
            )
        elif any(_identity(path) in read for path in (output, sidecar_path(output))):
            problems[number] = Message(
                "{output} would overwrite an input; choose another name or output",
                {"output": output},
            )
        elif _identity(output.parent) in read:
            problems[number] = Message(
                "{output} lies in a folder of masks; choose another name or output",
                {"output": output},
            )
    return problems


def _identity(path: Path) -> tuple[int, int] | str:
    """The identity of a file, whatever its name; its name if it does not exist yet."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return os.path.normcase(path)
    return status.st_dev, status.st_ino


def find_finished(request: EditRequest, models: ModelCache) -> Outcome | None:
    """What came of an edit, if its output is there, whole, and was made of the same inputs by the same settings and weights.

    Args:
        request: the edit, with absolute paths.
        models: loads the models of the edit, if all else is the same.
    """
    path = sidecar_path(request.output)
    if not (path.is_file() and request.output.is_file()):
        return None
    try:
        recorded = EditRequest.model_validate(read_request(path))
        record = read_json(path)
        inputs = {os.path.normpath(path.parent / k): v for k, v in record["inputs"].items()}
        same = (
            is_same_edit(request, recorded)
            and record["output"]["sha256"] == file_hash(request.output)
            and inputs == hash_inputs(request)
            and record["models"]["sha256"] == weight_hashes(models.open(request), request.recipe)
        )
        return _told(path, record) if same else None
    except (SoundiniError, KeyError, TypeError, AttributeError, ValueError):
        return None  # the record of something else; the check reports errors of the edit itself


def _told(path: Path, record: dict[str, Any]) -> Outcome:
    temporal = record.get("temporal")
    ratio = None if temporal is None else float(temporal["ratio"])
    return Outcome("skipped", path, float(record["seconds"]["total"]), ratio)
