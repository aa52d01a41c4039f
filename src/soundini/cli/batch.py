"""``soundini batch``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import FlagCreatePairsOff, Positional, arg

from soundini.cli.words import shown
from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.batch.check import RowChecked
    from soundini.batch.rows import Batch as Rows
    from soundini.batch.run import LocalBatch, RowEnded
    from soundini.cli.batch_progress import BatchProgress
    from soundini.cluster.connection import WorkerNeeds
    from soundini.cluster.run import ClusterBatch


@dataclass(frozen=True)
class Batch:
    """Edit many videos by many sounds, as a file says. All rows are checked before the first begins; finished rows are skipped.

    For example, with these keys in jobs.yaml (docs/batch.md explains all keys):
    - video: clips/*.mp4
    - sound: [fire.wav, rain.wav]
    - mask: masks/{video}.png
    - output: edited
    """

    file: Positional[Annotated[Path, arg(metavar="JOBS.yaml|JOBS.jsonl")]]
    """The batch file: YAML, or one row a line as JSON."""
    root: Annotated[str | None, arg(metavar="FOLDER|URL", help_behavior_hint="")] = None
    """Nothing outside this folder is read or written; by default the file's own. An address that fsspec knows, such as
    s3://bucket/project, is the folder that the paths in the file begin at."""
    dry_run: FlagCreatePairsOff[bool] = False
    """Check everything, print what would be done, and write nothing."""
    cluster: Annotated[str | None, arg(metavar="auto|ray://HOST:PORT", help_behavior_hint="")] = (
        None
    )
    """Run the rows on a Ray cluster; auto is the cluster that this machine belongs to, or this machine alone."""
    workers: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """Rows at a time on the cluster; by default as many as it holds now."""
    worker_cpus: Annotated[int, arg(metavar="N")] = 1
    """Cores of a worker."""
    worker_gpus: Annotated[float, arg(metavar="N")] = 0.0
    """GPUs of a worker; 0.5 lets two share one."""
    worker_memory: Annotated[str, arg(metavar="AMOUNT")] = "3GB"
    """Memory of a worker."""

    def run(self) -> int:
        """Check all rows, then do them.

        Returns:
            0; 1 where a row failed; 2 where one has a problem, and then nothing was begun.
        """
        from rich.console import Console

        from soundini.batch.file import read_batch_file
        from soundini.batch.place import Place
        from soundini.batch.remote import RemotePlace, is_url
        from soundini.batch.rows import expand
        from soundini.cli.batch_progress import BatchProgress

        file, root = read_batch_file(self.file), self.root
        if root is not None and is_url(root):
            place = RemotePlace(root)
        else:
            place = Place(file.path.parent, None if root is None else Path(root))
        batch = expand(file, place)
        with BatchProgress(Console(soft_wrap=True)) as progress, self._doer(batch) as doer:
            checks = _check(doer, progress)
            bad = [check for check in checks if check.problem]
            if not bad and not self.dry_run:
                ended = self._do(doer, checks, progress)
        for check in bad:
            assert check.problem is not None
            named = f" ({check.row.name})" if check.row.name else ""
            words = " ".join(f"{check.row.where}{named}: {shown(check.problem)}".split())
            print(f"soundini: error: {words}", file=sys.stderr)
        if bad:
            return 2
        if self.dry_run:
            print("\n".join(map(_plan, checks)))
            return 0
        return _summarise(batch, ended)

    @contextmanager
    def _doer(self, batch: Rows) -> Iterator[LocalBatch | ClusterBatch]:
        """What checks and edits the rows: this process, or a cluster."""
        if self.cluster is None:
            from soundini.batch.run import LocalBatch

            yield LocalBatch(batch)
            return
        from soundini.cluster.connection import connected

        needs = self._needs()
        with connected(self.cluster):
            from soundini.cluster.run import ClusterBatch

            with ClusterBatch(batch, needs, self.workers) as doer:
                yield doer

    def _needs(self) -> WorkerNeeds:
        from soundini.cluster.connection import WorkerNeeds
        from soundini.config.written import parse_bytes

        try:
            memory = parse_bytes(self.worker_memory)
        except ValueError as error:
            raise ConfigError(
                "--worker-memory {worker_memory}: {why}",
                worker_memory=self.worker_memory,
                why=error,
            ) from None
        for option, value, least in (
            ("--workers", self.workers, 1),
            ("--worker-cpus", self.worker_cpus, 1),
            ("--worker-gpus", self.worker_gpus, 0),
        ):
            if value is not None and value < least:
                raise ConfigError(
                    "{option} {value}: it must be at least {least}",
                    option=option,
                    value=value,
                    least=least,
                )
        return WorkerNeeds(self.worker_cpus, self.worker_gpus, memory)

    def _do(
        self, doer: LocalBatch | ClusterBatch, checks: list[RowChecked], progress: BatchProgress
    ) -> list[RowEnded]:
        from soundini.batch.run import RowEnded
        from soundini.cli.progress import StopRequest, stop_on_interrupt

        # On a cluster, no sampling step runs in this process, so it may stop at once, even while it waits.
        stopping = stop_on_interrupt() if self.cluster is None else nullcontext(StopRequest())
        ended: list[RowEnded] = []
        progress.begin(len(checks))
        try:
            with stopping as stop, closing(doer.run(checks)) as events:
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
        words = ["soundini", "batch", str(self.file)]
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in ("file", "dry_run") and value != field.default:
                words += [f"--{field.name.replace('_', '-')}", str(value)]
        return shlex.join(words)


def _check(doer: LocalBatch | ClusterBatch, progress: BatchProgress) -> list[RowChecked]:
    checks = []
    for check in doer.check():
        progress.show_check(check)
        checks.append(check)
    return sorted(checks, key=lambda check: check.number)


def _plan(check: RowChecked) -> str:
    state = "done " if check.finished is not None else "to do"
    return f"row {check.number}/{check.total}  {state}  {check.row.name} -> {check.request.output}"


def _summarise(batch: Rows, ended: list[RowEnded]) -> int:
    failed = [event for event in ended if event.outcome.state == "failed"]
    skipped = sum(event.outcome.state == "skipped" for event in ended)
    done = len(ended) - len(failed) - skipped
    print(f"\nrows        {done} done, {skipped} done before, {len(failed)} failed")
    print(f"manifest    {batch.manifest}")
    for event in failed:
        print(f"failed      {event.row.name} ({event.row.where}): {event.outcome.error}")
    return 1 if failed else 0
