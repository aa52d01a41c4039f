"""A batch whose files are elsewhere: in a bucket, on a server, or wherever fsspec reaches."""

import glob
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from soundini.batch.place import Place
from soundini.editing.request import sidecar_path
from soundini.errors import ConfigError, MediaError, SoundiniError
from soundini.media.output import PartialFile, write_error, write_whole
from soundini.weights.store import home_folder

_MARKS = ".marks"


def is_url(text: str) -> bool:
    """Whether a root is an address, not a folder."""
    return "://" in text


class RemotePlace(Place):
    """A tree at an address, of which this machine keeps what was read: a mirror in soundini's home.

    Files are fetched when they are read, and again when they have changed; what is written goes to a temporary name there and
    takes its own when it is whole. A name there that would lead out of the mirror is passed over.

    Args:
        url: the tree, such as ``s3://bucket/project``; whatever is installed for fsspec.

    Raises:
        ConfigError: nothing here can reach such an address.
        MediaError: the mirror cannot be made.
    """

    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ImportError:
            raise ConfigError(
                "addresses need fsspec; run: pip install 'soundini[cluster]'"
            ) from None
        self.url = url.rstrip("/")
        with self._reaching(self.url):
            self._files, root = fsspec.url_to_fs(self.url)
        self._there = root.rstrip("/")
        mirror = home_folder() / "mirrors" / hashlib.sha256(self.url.encode()).hexdigest()[:16]
        try:
            (mirror / _MARKS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(mirror, error) from None
        super().__init__(mirror)
        self.called = self.url

    def matches(self, text: str) -> list[Path]:
        """The paths that a pattern matches there, fetched or not; see :meth:`soundini.batch.place.Place.matches`.

        Raises:
            ConfigError: it leads out of the tree, or that cannot be reached.
        """
        path = self.input(text)
        if not glob.has_magic(text):
            return [path]
        with self._reaching(text):
            pattern = f"{glob.escape(self._there)}/{self._name(path)}"
            found = [path for name in self._files.glob(pattern) if (path := self._here(name))]
            folders = {path.parent for path in found}
            beside = {
                self._here(name)
                for folder in folders
                for name in self._files.ls(self._at(folder), detail=False)
            }
        return sorted(path for path in found if sidecar_path(path) not in beside)

    def bring(self, *paths: Path, missing_ok: bool = False) -> None:
        """Fetch what is not here as it is there; what is not there any more is deleted here.

        Raises:
            ConfigError: the tree cannot be reached.
            MediaError: a file is not there, or there is no room for it.
        """
        for path in paths:
            with self._reaching(self._name(path)):
                if self._files.isdir(self._at(path)):
                    names = self._files.find(self._at(path))
                    files = {file for name in names if (file := self._here(name))}
                    for left in set(_whole_files(path)) - files:
                        left.unlink(missing_ok=True)
                elif self._files.exists(self._at(path)):
                    files = {path}
                elif missing_ok:
                    files = set()
                    path.unlink(missing_ok=True)
                else:
                    raise MediaError(
                        "{url}/{file}: there is no such file", url=self.url, file=self._name(path)
                    )
                for file in sorted(files):
                    self._fetch(file)

    def publish(self, *paths: Path) -> None:
        """Send files there, each whole or not at all.

        Raises:
            ConfigError: the tree cannot be reached.
        """
        for path in paths:
            there = PurePosixPath(self._at(path))
            partial = str(there.with_name(f".{there.name}.{secrets.token_hex(4)}.part"))
            with self._reaching(self._name(path)):
                self._files.makedirs(str(there.parent), exist_ok=True)
                try:
                    self._files.put_file(str(path), partial)
                    self._files.mv(partial, str(there))
                except BaseException:
                    if self._files.exists(partial):
                        self._files.rm_file(partial)
                    raise
                self._files.invalidate_cache()
                self._mark(path, self._version(path))

    def _fetch(self, path: Path) -> None:
        version = self._version(path)
        if path.is_file() and self._marked(path) == version:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with PartialFile(path) as file:
            self._files.get_file(self._at(path), str(file.partial))
            file.commit()
        self._mark(path, version)

    def _version(self, path: Path) -> str:
        """A value that changes when the remote file changes."""
        info = self._files.info(self._at(path))
        stamps = ("size", "ETag", "etag", "mtime", "LastModified", "updated", "created")
        return repr([str(info.get(name)) for name in stamps])

    def _marked(self, path: Path) -> str | None:
        try:
            return self._mark_of(path).read_text()
        except OSError:
            return None

    def _mark(self, path: Path, version: str) -> None:
        write_whole(self._mark_of(path), version)

    def _mark_of(self, path: Path) -> Path:
        name = hashlib.sha256(self._name(path).encode()).hexdigest()
        return self.root / _MARKS / name

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _at(self, path: Path) -> str:
        name = self._name(path)
        return self._there if name == "." else f"{self._there}/{name}"

    def _here(self, name: Any) -> Path | None:
        """The local path of a remote file; None for a name that leads out of the tree."""
        try:
            parts = PurePosixPath(name).relative_to(self._there).parts
        except ValueError:
            return None
        path = Path(os.path.normpath(self.root.joinpath(*parts)))
        inside = path.is_relative_to(self.root) and path != self.root
        return path if inside and ".." not in parts and parts[0] != _MARKS else None

    @contextmanager
    def _reaching(self, what: str) -> Iterator[None]:
        try:
            yield
        except SoundiniError:
            raise
        except Exception as error:  # each kind of storage raises its own errors
            words = " ".join(str(error).split()) or type(error).__name__
            raise ConfigError(
                "cannot reach {what} at {url}: {why}", what=what, url=self.url, why=words
            ) from None


def _whole_files(folder: Path) -> Iterator[Path]:
    """Files below a folder, except those that another process is fetching."""
    return (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
