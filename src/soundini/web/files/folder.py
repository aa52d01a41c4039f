"""The server's own folder: one server at a time works in it, and it grows to a limit."""

from pathlib import Path

from filelock import FileLock

from soundini.errors import Message
from soundini.jobs.lock import take_lock
from soundini.media.output import write_error
from soundini.web.limits import MIB, Limits
from soundini.web.refusals import TooLargeError
from soundini.weights.store import home_folder

_LOCK = "lock"


def web_folder() -> Path:
    """Where the server's files lie by default: ``web`` in soundini's home."""
    return home_folder() / "web"


def lock_folder(folder: Path) -> FileLock:
    """Make the server's folder, for this user alone, and take hold of it.

    Raises:
        ConfigError: another server uses it.
        MediaError: it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder, error) from None
    held = Message(
        "another soundini web uses {folder}; stop it, or choose another with --folder",
        {"folder": folder},
    )
    return take_lock(folder / _LOCK, held)


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except OSError:  # gone meanwhile
            continue
    return total


def refuse_full(folder: Path, limits: Limits) -> None:
    """Refuse more work when the server's folder is full.

    Raises:
        TooLargeError: it is.
    """
    if folder_bytes(folder) >= limits.total_mib * MIB:
        raise TooLargeError("there is no room for more here; delete files or jobs")
