"""The folder that a batch may read and write; its file can name nothing outside of it."""

import glob
import os
from pathlib import Path

from soundini.editing.request import EditRequest, sidecar_path
from soundini.errors import ConfigError, Option


class Place:
    """Turns the paths of a batch file into paths on disk.

    Args:
        folder: of the batch file; relative paths begin there.
        root: all that is read and written lies in it; None for ``folder``.

    Attributes:
        folder: the same, without links.
        root: the same, without links.
        called: how messages name the folder.
    """

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self.folder = folder.resolve()
        self.root = self.folder if root is None else root.resolve()
        self.called = str(self.folder)

    def input(self, text: str) -> Path:
        """A path that is read. It may be a link, if what that leads to lies in the root.

        Raises:
            ConfigError: it leads out of the root.
        """
        path = self._seen(text)
        try:
            inside = path.resolve().is_relative_to(self.root)
        except (OSError, RuntimeError):  # a circle of links
            inside = False
        if not inside:
            raise self._outside(text)
        return path

    def inputs(self, text: str) -> list[Path]:
        """The paths that a pattern matches, sorted; a plain path is itself, whether it is there or not.

        A pattern passes over what soundini wrote (a recipe lies beside it): outputs of one run are no inputs of the next.

        Raises:
            ConfigError: nothing matches, or something leads out of the root.
        """
        found = self.matches(text)
        if not found:
            raise ConfigError(
                "nothing matches {text}; paths begin at {called}", text=text, called=self.called
            )
        return found

    def matches(self, text: str) -> list[Path]:
        """The same, where nothing may match too.

        Raises:
            ConfigError: something leads out of the root.
        """
        path = self.input(text)
        if not glob.has_magic(text) or _is_there(path):
            return [path]
        found = sorted(glob.glob(text, root_dir=self.folder, recursive=True))  # noqa: PTH207 -- absolute ones too
        paths = [self.input(name) for name in found]
        return [path for path in paths if not _is_there(sidecar_path(path))]

    def output_folder(self, text: str) -> Path:
        """The folder of the outputs.

        Raises:
            ConfigError: it lies outside the root, or is reached by a link.
        """
        folder = self._seen(text)
        if not folder.is_relative_to(self.root):
            raise self._outside(text)
        refuse_links(folder, self.root)
        return folder

    def bring(self, *paths: Path, missing_ok: bool = False) -> None:
        """Fetch the current state of files and folders before they are read. Files on this machine's disks need no fetching.

        Args:
            *paths: what is read, below the root.
            missing_ok: what is nowhere need not be.

        Raises:
            SoundiniError: one is not there, or cannot be reached.
        """

    def publish(self, *paths: Path) -> None:
        """Send files to where the batch writes. Files on this machine's disks need no sending.

        Args:
            *paths: files below the root.

        Raises:
            SoundiniError: it cannot be written there.
        """

    def _seen(self, text: str) -> Path:
        if "\0" in text:
            raise ConfigError("{text!r} is no path", text=text)
        return Path(os.path.normpath(self.folder / text))

    def _outside(self, text: str) -> ConfigError:
        return ConfigError(
            "{text} leads out of {root}; move it there, or name a larger folder with {option}",
            text=text,
            root=self.root,
            option=Option("root"),
        )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # for example, the name is too long
        return False


def read_by(request: EditRequest) -> list[Path]:
    """All files that an edit reads: its inputs, and its models if they are a folder."""
    models = Path(request.models)
    return [*dict.fromkeys(request.inputs), *([models] if models.is_absolute() else [])]


def refuse_links(path: Path, root: Path) -> None:
    """Refuse what is written through a symbolic link anywhere below a folder.

    Args:
        path: what is written, or its folder; it need not be there yet.
        root: lies above it.

    Raises:
        ConfigError: a part of the path below ``root`` is a link.
    """
    for part in (path, *path.parents):
        if part == root:
            return
        if part.is_symlink():
            raise ConfigError(
                "{part} is a symbolic link; outputs are not written through links", part=part
            )


def output_path(folder: Path, name: str) -> Path:
    """The path of an output of that name.

    Raises:
        ConfigError: not below ``folder``.
    """
    path = Path(os.path.normpath(folder / f"{name}.mp4"))
    if "\0" in name or not path.is_relative_to(folder) or path.name == ".mp4":
        raise ConfigError(
            "the name {name!r} leads out of {folder}; choose another", name=name, folder=folder
        )
    return path
