"""The list of jobs and their progress."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from soundini.errors import ConfigError
from soundini.jobs.job import is_job, is_running
from soundini.jobs.journal import last_step
from soundini.jobs.record import JobRecord, read_record

State = Literal["running", "interrupted", "done", "failed", "damaged"]


@dataclass(frozen=True)
class JobStatus:
    """A job as the list shows it.

    Args:
        folder: where it lies.
        state: ``interrupted`` was stopped or killed, ``damaged`` has no record that can be read.
        record: what it is; None where damaged.
        steps: network evaluations done.
        age: seconds since it was made.
        size: bytes on disk.
    """

    folder: Path
    state: State
    record: JobRecord | None
    steps: int
    age: float
    size: int

    @property
    def progress(self) -> float:
        """Share of the steps that are done, 0 to 1."""
        if self.record is None:
            return 0.0
        if self.state == "done" or self.record.steps == 0:
            return float(self.state == "done")
        return min(1.0, self.steps / self.record.steps)


def list_jobs(folder: Path) -> list[JobStatus]:
    """List every job in a folder, the oldest first. Other files are left out, so that they are not deleted as jobs."""
    if not folder.is_dir():
        return []
    found = [job_status(path) for path in folder.iterdir() if is_job(path)]
    return sorted(found, key=lambda status: (-status.age, status.folder.name))


def job_status(folder: Path) -> JobStatus:
    """Describe one job."""
    size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
    try:
        record = read_record(folder)
    except ConfigError:
        made = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        return JobStatus(folder, "damaged", None, 0, _age(made), size)
    return JobStatus(
        folder,
        _state(folder, record),
        record,
        last_step(folder),
        _age(datetime.fromisoformat(record.created)),
        size,
    )


def _state(folder: Path, record: JobRecord) -> State:
    if record.state == "done":
        return "done"
    if is_running(folder):
        return "running"
    return "failed" if record.state == "failed" else "interrupted"


def _age(made: datetime) -> float:
    return (datetime.now(UTC) - made).total_seconds()
