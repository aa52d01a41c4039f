"""Locks a folder, so that one process at a time works in it."""

from pathlib import Path

from filelock import FileLock, Timeout

from soundini.errors import ConfigError, Message
from soundini.media.output import write_error


def take_lock(path: Path, held: Message, patience: float = 0.0) -> FileLock:
    """Take a lock. The system lets it go with the process that holds it, however that ends.

    Args:
        path: of the file that is locked; it is made where it is not there.
        held: what to say where another process holds it: one line that says what to do.
        patience: seconds to wait for it.

    Raises:
        ConfigError: another process holds it, or it is a symbolic link.
        MediaError: it cannot be made.
    """
    if path.is_symlink():  # opening it would empty the file that it points to
        raise ConfigError("{file} is a symbolic link; delete it", file=path)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise ConfigError(held) from None
    except OSError as error:
        raise write_error(path, error) from None
    return lock
