"""A job: a folder in which one process works at a time."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from pathlib import Path

from filelock import FileLock

from soundini.editing.files import PreparedEdit, hash_inputs
from soundini.editing.methods import evaluations, weight_hashes
from soundini.editing.request import absolute, sidecar_path, versions
from soundini.errors import ConfigError, MediaError, Message
from soundini.jobs.journal import LOG, LOSSES
from soundini.jobs.lock import take_lock
from soundini.jobs.record import RECORD, JobRecord, now, read_record
from soundini.jobs.windows import STATE, WINDOWS
from soundini.media.output import partial_path, write_error
from soundini.weights.store import home_folder

JOB_PATIENCE = 0.5
"""Seconds to wait for a lock; a process that checks whether a job is running holds it for a moment."""
_LOCK = "lock"


def jobs_folder() -> Path:
    """The default folder of jobs: ``jobs`` in soundini's home."""
    return home_folder() / "jobs"


def find_job(name: str) -> Path:
    """The folder of a job named by its folder, or by its name in :func:`jobs_folder`.

    Raises:
        ConfigError: there is no such job.
    """
    known = jobs_folder() / name
    for folder in (known, Path(name)):
        if (folder / RECORD).is_file():
            return folder
    raise ConfigError("there is no job {name!r}; soundini jobs lists them", name=name)


class Job:
    """A job that this process holds; nobody else can work on it until :meth:`close`, or until the process ends.

    Made by :meth:`create` or :meth:`open`; use it as a context manager.

    Args:
        folder: where it lies.
        record: what it is.
        lock: held.
    """

    def __init__(self, folder: Path, record: JobRecord, lock: FileLock) -> None:
        self.folder = folder
        self.record = record
        self._lock = lock

    @classmethod
    def create(cls, edit: PreparedEdit, folder: Path | None = None) -> Job:
        """Make a job of a prepared edit.

        Args:
            edit: what is to be done.
            folder: a folder that does not exist yet or is empty; None for a new one in :func:`jobs_folder`.

        Raises:
            ConfigError: the folder holds something.
            MediaError: the folder cannot be made, or the disk is full.
        """
        folder = _new_folder(edit.request.output.stem) if folder is None else _own_folder(folder)
        lock = _locked(folder)
        try:
            _refuse_job(folder)  # another process made it meanwhile
        except ConfigError:
            lock.release()
            raise
        try:
            steps = evaluations(edit.request.recipe, edit.pack)
            record = JobRecord(
                token=secrets.token_hex(4),
                created=now(),
                request=absolute(edit.request),
                inputs=hash_inputs(edit.request),
                weights=weight_hashes(edit.pack, edit.request.recipe),
                versions=versions(),
                frames=edit.frame_count,
                windows=len(edit.windows),
                steps=steps * sum(edit.is_edited(w) for w in edit.windows),
            )
            record.write(folder)
        except BaseException:
            lock.release()
            (folder / _LOCK).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.rmdir()
            raise
        return cls(folder, record, lock)

    @classmethod
    def open(cls, folder: Path, patience: float = JOB_PATIENCE) -> Job:
        """Take hold of a job that is there.

        Args:
            folder: where it lies.
            patience: seconds to wait for another process that holds it.

        Raises:
            ConfigError: there is none, it is damaged, or another process works on it.
        """
        read_record(folder)
        lock = _locked(folder, patience)
        try:
            return cls(folder.absolute(), read_record(folder), lock)
        except BaseException:
            lock.release()
            raise

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the job for other processes."""
        self._lock.release()

    @property
    def name(self) -> str:
        """The name for ``soundini resume``."""
        at_home = self.folder.parent == jobs_folder()
        return self.folder.name if at_home else str(self.folder)

    def update(self, **changes: object) -> None:
        """Change fields of the record, on disk too."""
        self.record = self.record.model_copy(update=changes)
        self.record.write(self.folder)

    def drop_work(self) -> None:
        """Delete the windows and the state; the small record stays."""
        shutil.rmtree(self.folder / WINDOWS, ignore_errors=True)
        (self.folder / STATE).unlink(missing_ok=True)
        _drop_partials(self.folder)


def delete_job(folder: Path) -> None:
    """Delete a job: the files that are its own, what its output had grown to, and the folder if it is then empty.

    Raises:
        ConfigError: a process works on it.
    """
    lock = _locked(folder)
    try:
        with contextlib.suppress(ConfigError):  # a damaged record does not name the output
            record = read_record(folder)
            for output in (record.request.output, sidecar_path(record.request.output)):
                partial_path(output, record.token).unlink(missing_ok=True)
        shutil.rmtree(folder / WINDOWS, ignore_errors=True)
        for name in (STATE, RECORD, LOG, LOSSES):
            (folder / name).unlink(missing_ok=True)
        _drop_partials(folder)
    finally:
        lock.release()
    (folder / _LOCK).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()


def _drop_partials(folder: Path) -> None:
    """Delete half-written files of a killed process."""
    for left in folder.glob(".*.part*"):
        left.unlink()


def is_job(folder: Path) -> bool:
    """Whether a folder is a job, be it damaged or half deleted: it has a record, or holds nothing that is not a job's."""
    own = {STATE, WINDOWS, LOG, LOSSES}
    if folder.is_symlink() or not folder.is_dir():
        return False
    if (folder / RECORD).exists():
        return True
    return not any(_is_foreign(path) and path.name not in own for path in folder.iterdir())


def is_running(folder: Path) -> bool:
    """Whether a process works on a job now."""
    try:
        _locked(folder).release()
    except ConfigError:
        return True
    except MediaError:  # another user's
        return False
    return False


def _locked(folder: Path, patience: float = JOB_PATIENCE) -> FileLock:
    """Take the lock of a job; see :func:`soundini.jobs.lock.take_lock`."""
    held = Message(
        "another process works on the job {job}; wait for it, or stop it first",
        {"job": folder.name},
    )
    return take_lock(folder / _LOCK, held, patience)


def _new_folder(stem: str) -> Path:
    home = jobs_folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        while True:
            folder = home / f"{stem}-{secrets.token_hex(2)}"
            if not folder.exists():
                folder.mkdir()
                return folder
    except OSError as error:
        raise write_error(home / stem, error) from None


def _is_foreign(path: Path) -> bool:
    """Whether a file is not one that a process leaves if it is killed while making a job."""
    unfinished = path.name.startswith(f".{Path(RECORD).stem}.") and ".part" in path.name
    return path.name != _LOCK and not unfinished


def _refuse_job(folder: Path) -> None:
    if (folder / RECORD).exists():
        raise ConfigError(
            "{folder} holds a job already; soundini resume {same} goes on with it, or choose another "
            "folder",
            folder=folder,
            same=folder,
        )


def _own_folder(folder: Path) -> Path:
    _refuse_job(folder)
    try:
        if folder.is_symlink() or (folder.exists() and any(map(_is_foreign, folder.iterdir()))):
            raise ConfigError(
                "{folder} is not an empty folder; choose another for the job", folder=folder
            )
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise write_error(folder / RECORD, error) from None
    return folder.absolute()
