"""``soundini batch``."""

from __future__ import annotations

import shlex
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import FlagCreatePairsOff, Positional, arg

if TYPE_CHECKING:
    from soundini.batch.check import RowChecked
    from soundini.batch.models import Models
    from soundini.batch.rows import Batch as Rows
    from soundini.batch.run import RowEnded
    from soundini.cli.batch_progress import BatchProgress


@dataclass(frozen=True)
class Batch:
    """Edit many videos by many sounds, as a file says. All rows are checked before the first begins; what is done is skipped.

    For example, with these keys in jobs.yaml (docs/batch.md tells of all):
    - video: clips/*.mp4
    - sound: [fire.wav, rain.wav]
    - mask: masks/{video}.png
    - output: edited
    """

    file: Positional[Annotated[Path, arg(metavar="JOBS.yaml|JOBS.jsonl")]]
    """The batch file: YAML, or one row a line as JSON."""
    root: Annotated[Path | None, arg(metavar="FOLDER", help_behavior_hint="")] = None
    """Nothing outside this folder is read or written; by default the file's own."""
    dry_run: FlagCreatePairsOff[bool] = False
    """Check everything, say what would be done, and write nothing."""

    def run(self) -> int:
        """Check all rows, then do them.

        Returns:
            0; 1 where a row failed; 2 where one has a problem, and then nothing was begun.
        """
        from rich.console import Console

        from soundini.batch.file import read_batch_file
        from soundini.batch.models import Models
        from soundini.batch.rows import expand
        from soundini.cli.batch_progress import BatchProgress

        batch, models = expand(read_batch_file(self.file), self.root), Models()
        with BatchProgress(Console(soft_wrap=True)) as progress:
            checks = _check(batch, models, progress)
            bad = [check for check in checks if check.problem]
            if not bad and not self.dry_run:
                ended = self._do(batch, checks, models, progress)
        for check in bad:
            named = f" ({check.row.name})" if check.row.name else ""
            words = " ".join(f"{check.row.where}{named}: {check.problem}".split())
            print(f"soundini: error: {words}", file=sys.stderr)
        if bad:
            return 2
        if self.dry_run:
            print("\n".join(map(_plan, checks)))
            return 0
        return _summarise(batch, ended)

    def _do(
        self, batch: Rows, checks: list[RowChecked], models: Models, progress: BatchProgress
    ) -> list[RowEnded]:
        from soundini.batch.run import RowEnded, run_rows
        from soundini.cli.stopping import stop_on_interrupt

        ended: list[RowEnded] = []
        progress.begin(len(checks))
        try:
            with stop_on_interrupt() as stop, closing(run_rows(batch, checks, models)) as events:
                for event in events:
                    progress.show(event)
                    if isinstance(event, RowEnded):
                        ended.append(event)
                    stop.check()
        except BaseException as error:
            error.add_note(f"go on with: {self._command()}")
            raise
        return ended

    def _command(self) -> str:
        root = [] if self.root is None else ["--root", str(self.root)]
        return shlex.join(["soundini", "batch", str(self.file), *root])


def _check(batch: Rows, models: Models, progress: BatchProgress) -> list[RowChecked]:
    from soundini.batch.check import check_rows

    checks = []
    for check in check_rows(batch, models):
        progress.show_check(check)
        checks.append(check)
    return checks


def _plan(check: RowChecked) -> str:
    request = check.row.request
    assert request is not None
    state = "done " if check.finished is not None else "to do"
    return f"row {check.number}/{check.total}  {state}  {check.row.name} -> {request.output}"


def _summarise(batch: Rows, ended: list[RowEnded]) -> int:
    failed = [event for event in ended if event.outcome.state == "failed"]
    skipped = sum(event.outcome.state == "skipped" for event in ended)
    done = len(ended) - len(failed) - skipped
    print(f"\nrows        {done} done, {skipped} done before, {len(failed)} failed")
    print(f"manifest    {batch.manifest}")
    for event in failed:
        print(f"failed      {event.row.name} ({event.row.where}): {event.outcome.error}")
    return 1 if failed else 0
