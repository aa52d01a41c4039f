"""Files that visitors upload, kept under names that the server chooses."""

import hashlib
import os
import re
import shutil
import time
import unicodedata
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from soundini.errors import ConfigError
from soundini.web.files.folder import folder_bytes
from soundini.web.files.incoming import ABOUT, CONTENTS, About, Incoming, last_used, read_about
from soundini.web.limits import MIB, Limits
from soundini.web.refusals import MissingError, TooLargeError
from soundini.web.views import FileKind, StoredFile, VideoFacts

ID = re.compile("[0-9a-f]{32}")
_BLOCK = 2**20
_LONGEST_LABEL = 120
_IN_USE = 3600.0
"""For this many seconds after its last use, an upload may still be shown on somebody's page."""


def key_of(owner: str) -> str:
    """Name of a session's folder; the session's id cannot be told from it."""
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


def owner_folder(root: Path, key: str) -> Path:
    """Folder of a session's files and jobs.

    Args:
        root: the server's folder.
        key: of the session, from :func:`key_of`.
    """
    return root / "owners" / key


def clean_label(label: str) -> str:
    """A visitor's name for a file as it may be shown: the last part of a path, of printable characters, not too long."""
    last = re.split(r"[/\\]", label)[-1]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    kept = " ".join(kept.split())
    if len(kept) > _LONGEST_LABEL:
        kept = kept[: _LONGEST_LABEL // 2] + "…" + kept[-_LONGEST_LABEL // 2 + 1 :]
    return kept or "unnamed"


class Uploads:
    """The uploaded files of all visitors, by the key of their session (:func:`key_of`).

    Args:
        root: the server's folder.
        limits: how large they may be, and how many.
    """

    def __init__(self, root: Path, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self._incoming = root / "incoming"
        shutil.rmtree(
            self._incoming, ignore_errors=True
        )  # uploads that a killed server left unfinished
        self._incoming.mkdir(parents=True)

    def make_room(self, key: str, kind: FileKind, needed: Callable[[], Collection[str]]) -> None:
        """Make room for the largest upload of a kind: delete a visitor's uploads, the longest unused first.

        Args:
            key: whose.
            kind: of the upload that comes next.
            needed: returns the ids of files that edits need; called only if room is short.
        """
        folder, limits = owner_folder(self._root, key) / "files", self._limits
        files = {path: folder_bytes(path) for path in folder.glob("*")}
        most = limits.storage_mib * MIB - limits.upload_bytes(kind)
        if len(files) < limits.files and sum(files.values()) <= most:
            return
        kept, now = needed(), time.time()
        for path in sorted(files, key=last_used):
            if len(files) < limits.files and sum(files.values()) <= most:
                return
            if path.name not in kept and now - last_used(path) > _IN_USE:
                shutil.rmtree(path, ignore_errors=True)
                del files[path]

    def begin(self, key: str, kind: FileKind, label: str) -> Incoming:
        """Begin an upload.

        Raises:
            ConfigError: there is no such kind.
            TooLargeError: this visitor, or the server, has no room for more.
        """
        if kind not in CONTENTS:
            raise ConfigError(
                "there is no kind {kind!r}; it is one of {kinds}",
                kind=kind,
                kinds=", ".join(CONTENTS),
            )
        limits = self._limits
        folder = owner_folder(self._root, key) / "files"
        if folder.is_dir() and sum(1 for _ in folder.iterdir()) >= limits.files:
            raise TooLargeError(
                "you have {count} files here, the most there may be; delete jobs, or files that no job "
                "needs",
                count=limits.files,
            )
        room = limits.storage_mib * MIB - folder_bytes(folder)
        room = min(room, limits.total_mib * MIB - folder_bytes(self._root))
        if room <= 0:
            raise TooLargeError("there is no room for more files here; delete files or jobs")
        return Incoming(self._incoming, folder, kind, clean_label(label), limits, round(room))

    def add(self, key: str, kind: FileKind, stream: BinaryIO, label: str) -> StoredFile:
        """Store a file from a stream; see :meth:`soundini.web.service.EditService.add_file`."""
        with self.begin(key, kind, label) as incoming:
            while block := stream.read(_BLOCK):
                incoming.write(block)
            return incoming.finish()

    def find(self, key: str, file_id: str) -> StoredFile:
        """A file of this owner.

        Raises:
            MissingError: it has none by that id.
        """
        folder = self._folder(key, file_id)
        about = read_about(folder)
        return StoredFile(file_id, about.kind, about.label, folder / CONTENTS[about.kind])

    def about(self, key: str, file_id: str) -> About:
        """The record of an upload."""
        return read_about(self._folder(key, file_id))

    def facts(self, key: str, file_id: str) -> VideoFacts:
        """The facts of a video.

        Raises:
            ConfigError: it is none.
        """
        facts = self.about(key, file_id).facts
        if facts is None:
            raise ConfigError("this file is no video; choose one")
        return facts

    def by_hash(self, key: str, sha256: str, kind: FileKind) -> str | None:
        """The id of the owner's newest file with these bytes, or None."""
        folder = owner_folder(self._root, key) / "files"
        found = (
            sorted(folder.iterdir(), key=lambda p: -p.stat().st_mtime) if folder.is_dir() else []
        )
        for path in found:
            with suppress(ConfigError):
                about = read_about(path)
                if about.sha256 == sha256 and about.kind == kind:
                    return path.name
        return None

    def delete(self, key: str, file_id: str) -> None:
        """Delete a file of this owner."""
        shutil.rmtree(self._folder(key, file_id))

    def _folder(self, key: str, file_id: str) -> Path:
        folder = owner_folder(self._root, key) / "files" / file_id
        if not ID.fullmatch(file_id) or not (folder / ABOUT).is_file():
            raise MissingError("there is no such file; upload it again")
        with suppress(OSError):
            os.utime(folder / ABOUT)
        return folder
