"""What a sidecar records besides the request: whether an edit made again is the same, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from soundini.editing.request import EditRequest, read_request, versions
from soundini.errors import ConfigError
from soundini.events import FileDone, SeamFigures
from soundini.settings_files import read_json


class _Output(BaseModel):
    sha256: str | None = None


class _Seams(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)

    border: float
    elsewhere: float
    pairs: int


class _Content(BaseModel):
    """The fields of a sidecar that are compared; a missing field is unknown."""

    inputs: dict[str, str] = {}
    output: _Output = _Output()
    versions: dict[str, str] = {}
    seams: _Seams | None = None


@dataclass(frozen=True)
class Record:
    """What a sidecar records of its edit.

    Args:
        request: what was asked then.
        content: the rest of the file.
        folder: where the file lies; the inputs are named as seen from there.
    """

    request: EditRequest
    content: _Content
    folder: Path

    @classmethod
    def read(cls, path: Path | None) -> Record | None:
        """Read a sidecar; None for a plain recipe file, or for no file.

        Raises:
            ConfigError: the file is not there, or is neither.
        """
        if path is None:
            return None
        settings = read_request(path)
        if "video" not in settings:
            return None
        try:
            content = _Content.model_validate(read_json(path))
        except ValidationError as error:
            where = ".".join(str(p) for p in error.errors()[0]["loc"])
            raise ConfigError(
                "{file}: {where} is missing or wrong; mend the file", file=path, where=where
            ) from None
        return cls(EditRequest.model_validate(settings), content, path.parent)

    def compare(self, request: EditRequest, done: FileDone) -> list[str]:
        """Return lines for the summary that say how a new edit agrees with the record."""
        from soundini.packs.pack import file_hash

        lines = [
            f"warning     {Path(name).name} is another file than the recipe was made with"
            for name, digest in self.content.inputs.items()
            if _is_file(self.folder / name) and file_hash(self.folder / name) != digest
        ]
        if request != self.request.model_copy(update={"output": request.output}):
            return lines  # another edit, so nothing is expected
        if file_hash(done.path) == self.content.output.sha256:
            return [*lines, "record      the same bytes as recorded"]
        then = self.content.versions
        moved = [f"{k} {then.get(k)} -> {v}" for k, v in versions().items() if then.get(k) != v]
        why = f" ({', '.join(moved)})" if moved else ""
        return [*lines, f"record      not the bytes that were recorded{why}"]

    def seams_of(self, video: Path) -> SeamFigures | None:
        """The seams of the edit before it was encoded; None for a single window, or where the video is not the recorded one."""
        from soundini.packs.pack import file_hash

        found = self.content.seams
        if found is None or file_hash(video) != self.content.output.sha256:
            return None
        return SeamFigures(found.border, found.elsewhere, found.pairs)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no file can have this name
        return False
