"""Files that visitors bring: taken in a stream, looked at, and kept under names of the server's."""

from __future__ import annotations

import hashlib
import math
import os
import re
import secrets
import shutil
import unicodedata
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, Field

from soundini.errors import ConfigError
from soundini.media.output import write_durably, write_error
from soundini.settings_files import read_json
from soundini.web.files.folder import folder_bytes
from soundini.web.files.inspecting import inspect
from soundini.web.limits import MIB, Limits
from soundini.web.refusals import MissingError, TooLargeError
from soundini.web.views import FileKind, StoredFile, VideoFacts

ID = re.compile("[0-9a-f]{32}")
_BLOCK = 2**20
_LONGEST_LABEL = 120
_ABOUT = "about.json"
_CONTENTS: dict[FileKind, str] = {
    "video": "video.upload",
    "sound": "sound.upload",
    "mask": "mask.upload.png",  # masks are known by their suffix
    "recipe": "recipe.upload",
}


class About(BaseModel):
    """What is known of an uploaded file, as it lies beside it.

    Args:
        kind: what it was uploaded as.
        label: the visitor's name for it.
        sha256: of its bytes.
        facts: of a video.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FileKind
    label: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    facts: VideoFacts | None = None


def key_of(owner: str) -> str:
    """What a session's folder is called; it does not tell the session's id."""
    return hashlib.sha256(owner.encode()).hexdigest()[:32]


def owner_folder(root: Path, key: str) -> Path:
    """Where the files and the jobs of a session lie.

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
    """The uploaded files of all visitors; each is named by the key of its session (:func:`key_of`).

    Args:
        root: the server's folder.
        limits: how large they may be, and how many.
    """

    def __init__(self, root: Path, limits: Limits) -> None:
        self._root = root
        self._limits = limits
        self._incoming = root / "incoming"
        shutil.rmtree(self._incoming, ignore_errors=True)  # what a killed server had half taken
        self._incoming.mkdir(parents=True)

    def begin(self, key: str, kind: FileKind, label: str) -> Incoming:
        """Begin to take a file.

        Raises:
            ConfigError: there is no such kind.
            TooLargeError: this visitor, or the server, has no room for more.
        """
        if kind not in _CONTENTS:
            raise ConfigError(f"there is no kind {kind!r}; it is one of {', '.join(_CONTENTS)}")
        limits = self._limits
        folder = owner_folder(self._root, key) / "files"
        if folder.is_dir() and sum(1 for _ in folder.iterdir()) >= limits.files:
            raise TooLargeError(
                f"you have {limits.files} files here, the most there may be; delete some"
            )
        room = limits.storage_mib * MIB - folder_bytes(folder)
        room = min(room, limits.total_mib * MIB - folder_bytes(self._root))
        if room <= 0:
            raise TooLargeError("there is no room for more files here; delete files or jobs")
        return Incoming(self, folder, kind, clean_label(label), round(room))

    def add(self, key: str, kind: FileKind, stream: BinaryIO, label: str) -> StoredFile:
        """Take a file from a stream; see :meth:`soundini.web.service.EditService.add_file`."""
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
        about = _read_about(folder)
        return StoredFile(file_id, about.kind, about.label, folder / _CONTENTS[about.kind])

    def about(self, key: str, file_id: str) -> About:
        """What is known of it."""
        return _read_about(self._folder(key, file_id))

    def facts(self, key: str, file_id: str) -> VideoFacts:
        """What a video is.

        Raises:
            ConfigError: it is none.
        """
        facts = self.about(key, file_id).facts
        if facts is None:
            raise ConfigError("this file is no video; choose one")
        return facts

    def by_hash(self, key: str, sha256: str, kind: FileKind) -> str | None:
        """The id of a file of this owner that holds these bytes, the newest first."""
        folder = owner_folder(self._root, key) / "files"
        found = (
            sorted(folder.iterdir(), key=lambda p: -p.stat().st_mtime) if folder.is_dir() else []
        )
        for path in found:
            about = _read_about(path)
            if about.sha256 == sha256 and about.kind == kind:
                return path.name
        return None

    def delete(self, key: str, file_id: str) -> None:
        """Delete a file of this owner."""
        shutil.rmtree(self._folder(key, file_id))

    def _folder(self, key: str, file_id: str) -> Path:
        folder = owner_folder(self._root, key) / "files" / file_id
        if not ID.fullmatch(file_id) or not (folder / _ABOUT).is_file():
            raise MissingError("there is no such file; upload it again")
        with suppress(OSError):
            os.utime(folder / _ABOUT)
        return folder


def last_used(path: Path) -> float:
    """When something here was asked for last, in seconds since 1970; infinity where it is gone.

    Args:
        path: the folder of an upload, whose record tells, or a film.
    """
    about = path / _ABOUT
    try:
        return (about if about.exists() else path).stat().st_mtime
    except OSError:
        return math.inf


class Incoming:
    """A file on its way in; use it as a context manager: unless :meth:`finish` was called, nothing of it stays.

    Args:
        uploads: whose file it will be one of.
        folder: of the owner's files.
        kind: what it is said to be.
        label: to be shown.
        room: bytes that there is room for.
    """

    def __init__(
        self, uploads: Uploads, folder: Path, kind: FileKind, label: str, room: int
    ) -> None:
        self._uploads = uploads
        self._folder = folder
        self._kind: FileKind = kind
        self._label = label
        self._room = room
        self._most = uploads._limits.upload_bytes(kind)
        self._size = 0
        self._hash = hashlib.sha256()
        self._id = secrets.token_hex(16)
        self._place = uploads._incoming / self._id
        try:
            self._place.mkdir()
            self._path = self._place / _CONTENTS[kind]
            self._file = self._path.open("xb")
        except OSError as error:
            raise write_error(self._place, error) from None

    def __enter__(self) -> Incoming:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        shutil.rmtree(self._place, ignore_errors=True)

    def write(self, block: bytes) -> None:
        """Take the next bytes.

        Raises:
            TooLargeError: there are too many now, or the disk is full.
        """
        self.expect(self._size + len(block))
        self._size += len(block)
        self._hash.update(block)
        try:
            self._file.write(block)
        except OSError as error:
            raise write_error(Path(self._label), error) from None

    def expect(self, size: int) -> None:
        """Refuse a file of that many bytes if it is too large.

        Raises:
            TooLargeError: it is.
        """
        if size > self._most:
            raise TooLargeError(
                f"{self._label}: is larger than {self._most / MIB:g} MiB, the most that a {self._kind} may be here; "
                "make it smaller, or cut it shorter"
            )
        if size > self._room:
            raise TooLargeError(
                f"{self._label}: there is no room for it here; delete files or jobs"
            )

    def finish(self) -> StoredFile:
        """Look at what came, and keep it.

        Raises:
            MediaError: it is not what it is said to be, damaged, or too long or too large in pixels.
        """
        self._file.close()
        facts = inspect(self._kind, self._path, self._label, self._uploads._limits)
        about = About(
            kind=self._kind, label=self._label, sha256=self._hash.hexdigest(), facts=facts
        )
        write_durably(self._place / _ABOUT, about.model_dump_json().encode())
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = self._folder / self._id
        self._place.rename(kept)
        return StoredFile(self._id, self._kind, self._label, kept / self._path.name)


def _read_about(folder: Path) -> About:
    try:
        return About.model_validate(read_json(folder / _ABOUT))
    except (OSError, ValueError):
        raise ConfigError("this file is damaged here; upload it again") from None
