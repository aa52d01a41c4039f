"""``soundini jobs``: lists the edits that were begun, and deletes their jobs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import FlagCreatePairsOff, OmitSubcommandPrefixes, Positional, arg

from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.jobs.listing import JobStatus

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_Folder = Annotated[Path | None, arg(name="in", metavar="FOLDER", help_behavior_hint="")]


@dataclass(frozen=True)
class List:
    """List the jobs: name, state, progress, age, size, output."""

    folder: _Folder = None
    """Where the jobs lie, if not with soundini's other files."""

    def run(self) -> int:
        """Print the list."""
        jobs = _jobs(self.folder)
        print("\n".join(_table(jobs)) if jobs else "there are no jobs")
        return 0


@dataclass(frozen=True)
class Clean:
    """Delete jobs that are not running, after asking; outputs stay."""

    names: Positional[Annotated[tuple[str, ...], arg(metavar="NAME...")]] = ()
    """Which; by default all."""
    folder: _Folder = None
    """Where the jobs lie, if not with soundini's other files."""
    yes: FlagCreatePairsOff[bool] = False
    """Do not ask."""

    def run(self) -> int:
        """Show what would be deleted, ask, and delete it.

        Raises:
            ConfigError: there is no such job, or nobody to ask.
        """
        jobs = _jobs(self.folder)
        known = {status.folder.name for status in jobs}
        for name in self.names:
            if name not in known:
                raise ConfigError("there is no job {name!r}; soundini jobs lists them", name=name)
        chosen = [s for s in jobs if not self.names or s.folder.name in self.names]
        for status in chosen:
            if status.state == "running":
                print(f"{status.folder.name} is running; it stays")
        idle = [status for status in chosen if status.state != "running"]
        if not idle:
            print("there is nothing to delete")
            return 0
        print("\n".join(_table(idle)))
        if not self.yes and not _agreed(len(idle)):
            print("nothing was deleted")
            return 0
        _delete(idle)
        return 0


@dataclass(frozen=True)
class Jobs:
    """List the edits that were begun, or delete their jobs."""

    action: OmitSubcommandPrefixes[
        Annotated[List, tyro.conf.subcommand("list")]
        | Annotated[Clean, tyro.conf.subcommand("clean")]
    ] = field(default_factory=List)

    def run(self) -> int:
        """Run the chosen subcommand; by default print the list."""
        return self.action.run()


def _jobs(folder: Path | None) -> list[JobStatus]:
    from soundini.jobs.job import jobs_folder
    from soundini.jobs.listing import list_jobs

    return list_jobs(folder if folder is not None else jobs_folder())


def _table(jobs: Sequence[JobStatus]) -> list[str]:
    head = ("name", "state", "done", "age", "size", "output")
    rows = [head, *(_row(status) for status in jobs)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head) - 1)]
    return [
        "  ".join([*(t.ljust(w) for t, w in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]


def _row(status: JobStatus) -> tuple[str, ...]:
    output = str(status.record.request.output) if status.record is not None else "?"
    return (
        status.folder.name,
        status.state,
        f"{status.progress:.0%}",
        _age(status.age),
        f"{status.size / 2**20:.1f} MiB",
        output,
    )


def _age(seconds: float) -> str:
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days"


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("there is nobody to ask; soundini jobs clean --yes deletes without")
    return input(f"delete {count} {'job' if count == 1 else 'jobs'}? [y/N] ").lower() in (
        "y",
        "yes",
    )


def _delete(jobs: Sequence[JobStatus]) -> None:
    from soundini.jobs.job import delete_job

    freed = 0
    for status in jobs:
        try:
            delete_job(status.folder)
        except ConfigError as error:  # another process resumed it meanwhile
            print(f"{error}; it stays")
        else:
            freed += status.size
    print(f"{freed / 2**20:.1f} MiB freed")
