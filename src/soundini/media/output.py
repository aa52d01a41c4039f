"""Output files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from soundini.errors import MediaError

_DURABLE = "new"
"""Part of the hidden name of :func:`write_durably`."""


def check_output(path: str | Path, inputs: Iterable[str | Path] = ()) -> Path:
    """Refuse an output path that cannot work, before any work is done.

    Args:
        path: Where the video is to be written.
        inputs: Files that must not be overwritten.

    Returns:
        The path.

    Raises:
        MediaError: The suffix is not ``.mp4``, the path is a folder, a symbolic link or one of
            ``inputs``, or its folder is missing or not writable.
    """
    path = Path(path)
    if path.suffix.lower() != ".mp4":
        raise MediaError("{file}: the output must end in .mp4; choose such a name", file=path)
    check_target(path, inputs)
    folder = path.parent
    if not folder.is_dir():
        raise MediaError("{folder}: no such folder; create it first", folder=folder)
    with PartialFile(path):  # A folder's mode bits are no proof; a trial is.
        pass
    return path


def check_target(path: Path, inputs: Iterable[str | Path] = ()) -> None:
    """Refuse a path where no file can be written: something other than a plain file lies there, or an input.

    Symbolic links are refused: following one would overwrite another file, and replacing it would lose the link.

    Raises:
        MediaError: ``path`` is a folder, a symbolic link, a device, one of ``inputs``, or no name that the system knows.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = stat.S_IFREG
    except (OSError, ValueError) as error:
        raise write_error(path, error) from None
    if stat.S_ISLNK(mode):
        raise MediaError("{file}: is a symbolic link; give the path of the file itself", file=path)
    if stat.S_ISDIR(mode):
        raise MediaError("{file}: is a folder; give the name of a file in it", file=path)
    if not stat.S_ISREG(mode):
        raise MediaError("{file}: is not a plain file; choose another name", file=path)
    check_not_input(path, inputs)


def open_to_append(path: Path) -> TextIO:
    """Open a plain file to append to, created if needed; links are not followed, and pipes are refused.

    Raises:
        OSError: it cannot be opened, or is a symbolic link, a folder or a pipe.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.fdopen(os.open(path, flags, 0o666), "a", newline="", encoding="utf-8")


def check_not_input(path: Path, inputs: Iterable[str | Path]) -> None:
    """Refuse to overwrite an input, whatever name it is reached by.

    Raises:
        MediaError: ``path`` and one of ``inputs`` are the same file.
    """
    for source in inputs:
        with contextlib.suppress(OSError):
            if path.exists() and path.samefile(source):
                raise MediaError(
                    "{file}: is the input itself; choose another output name", file=path
                )


class PartialFile:
    """A file that takes its name only when it is complete.

    It grows under a hidden name in the same folder; :meth:`commit` moves it into place in one step.
    Without :meth:`commit` it is removed on leaving the ``with`` block.

    Args:
        path: The name the complete file will have.
        token: Part of the hidden name; a file that a killed process left under it is removed. Default: a random one.

    Attributes:
        path: The final name.
        partial: The hidden name until then.

    Raises:
        MediaError: The folder cannot be written to.
    """

    def __init__(self, path: Path, token: str = "") -> None:
        self.path = path
        self.partial = partial_path(path, token or secrets.token_hex(4))
        try:
            if token:
                self.partial.unlink(missing_ok=True)
            self.partial.touch(exist_ok=False)
        except (OSError, ValueError) as error:
            raise write_error(path, error) from None

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def commit(self) -> None:
        """Force the bytes to disk, then let the file appear, and force its name to disk.

        Raises:
            MediaError: The disk is full, or the name was taken by a folder or a link meanwhile.
        """
        try:
            with self.partial.open("rb+") as file:
                os.fsync(file.fileno())
            if self.path.is_symlink():
                raise MediaError(
                    "{file}: became a symbolic link; choose another name", file=self.path
                )
            self.partial.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise write_error(self.path, error) from None

    def discard(self) -> None:
        """Remove the partial file if it is still there."""
        self.partial.unlink(missing_ok=True)


def write_durably(path: Path, data: bytes) -> None:
    """Write a file so that after a power loss it is there whole, or not at all.

    Only one process may write it at a time, so one hidden name is enough, and a killed process leaves at most one file.

    Raises:
        MediaError: The disk is full, or cannot be written to.
    """
    write_whole(path, data, _DURABLE)


def write_whole(path: Path, data: bytes | str, token: str = "") -> None:
    """Write bytes, or text as UTF-8, to a file that appears whole or not at all; see :class:`PartialFile`.

    Raises:
        MediaError: The disk is full, or cannot be written to.
    """
    with PartialFile(path, token) as file:
        try:
            file.partial.write_bytes(data.encode() if isinstance(data, str) else data)
        except OSError as error:
            raise write_error(path, error) from None
        file.commit()


def partial_path(path: Path, token: str) -> Path:
    """The hidden name under which a file grows."""
    return path.with_name(f".{path.stem}.{token}.part{path.suffix}")


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk, if the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot do it
            raise
    finally:
        os.close(descriptor)


def write_error(path: Path, error: Exception) -> MediaError:
    """Say in one line why writing failed and what to do."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return MediaError("{file}: the disk is full; free some space and run again", file=path)
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return MediaError(
            "{folder}: cannot be written to; choose another folder", folder=path.parent
        )
    if number == errno.EFBIG:
        return MediaError(
            "{file}: the file is too large for this disk; choose another folder", file=path
        )
    if number == errno.ENAMETOOLONG:
        return MediaError("{file}: the name is too long; choose a shorter one", file=path)
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return MediaError(
        "{file}: writing failed ({why}); check the disk and run again", file=path, why=words
    )
