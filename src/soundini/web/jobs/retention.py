"""Deletes old files and jobs, if the server is told how long to keep them."""

import logging
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from soundini.web.files.incoming import last_used
from soundini.web.jobs.job_queue import JobQueue

_LOG = logging.getLogger("soundini.web")
_EVERY = 3600.0
"""Seconds between two rounds."""
_DAY = 86400.0


@dataclass(frozen=True)
class Keep:
    """How long files and jobs are kept; for ever by default, since they are people's work.

    Args:
        files: days since an upload or an overlay was last used; files of a job are kept as long as the job.
        jobs: days since a job ended; jobs that wait or run are never deleted.
    """

    files: float | None = None
    jobs: float | None = None


FOR_EVER = Keep()


class Cleaner:
    """Deletes what is too old when the server starts, and every hour.

    Args:
        root: the server's folder.
        queue: the jobs.
        keep: how long.
    """

    def __init__(self, root: Path, queue: JobQueue, keep: Keep) -> None:
        self._root = root
        self._queue = queue
        self._keep = keep
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        if keep != FOR_EVER:
            self._thread = threading.Thread(target=self._work, name="soundini cleaner", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop after the present round."""
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
            except OSError:  # a folder that cannot be read, say; the next round tries again
                _LOG.exception("tidying %s", self._root)
            if self._closing.wait(_EVERY):
                return
