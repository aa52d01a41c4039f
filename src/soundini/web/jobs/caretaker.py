"""What nobody needs any more is deleted, where the server is told for how long to keep it."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from soundini.web.files.about import last_used
from soundini.web.jobs.job_queue import JobQueue

_LOG = logging.getLogger("soundini.web")
_EVERY = 3600.0
"""Seconds between two rounds."""
_DAY = 86400.0


@dataclass(frozen=True)
class Keep:
    """For how long things are kept; for ever unless somebody says otherwise, for they are people's work.

    Args:
        files: days since an upload, or a film of a mask, was used last; what a job needs is kept as long as the job is.
        jobs: days since a job was done, failed or was stopped; none that waits or runs is touched.
    """

    files: float | None = None
    jobs: float | None = None


FOR_EVER = Keep()


class Caretaker:
    """Deletes what has been kept long enough: when the server starts, and every hour.

    Args:
        root: the server's folder.
        queue: knows the jobs.
        keep: for how long.
    """

    def __init__(self, root: Path, queue: JobQueue, keep: Keep) -> None:
        self._root = root
        self._queue = queue
        self._keep = keep
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        if keep != FOR_EVER:
            self._thread = threading.Thread(
                target=self._work, name="soundini caretaker", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """Stop; a round is done to its end."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def tidy(self, now: float) -> None:
        """Do a round.

        Args:
            now: seconds since 1970.
        """
        if self._keep.jobs is not None:
            self._queue.expire(now - _DAY * self._keep.jobs)
        if self._keep.files is None:
            return
        before = now - _DAY * self._keep.files
        needed = self._queue.needed()
        for folder in self._root.glob("owners/*/files/*"):
            if folder.name not in needed and last_used(folder) < before:
                shutil.rmtree(folder, ignore_errors=True)
        for film in self._root.glob("owners/*/overlays/*.mp4"):
            if last_used(film) < before:
                film.unlink(missing_ok=True)

    def _work(self) -> None:
        while True:
            try:
                self.tidy(time.time())
            except OSError:  # a folder that cannot be read, say: the next round comes
                _LOG.exception("tidying %s", self._root)
            if self._closing.wait(_EVERY):
                return
