"""Doing a recipe again: is it the same, and if not, why not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundini.editing.request import EditRequest, read_request, versions
from soundini.events import FileDone
from soundini.settings_files import read_json


@dataclass(frozen=True)
class Record:
    """What a sidecar says of the edit it was written for.

    Args:
        request: what was asked then.
        content: all of the file.
        folder: where the file lies; the inputs are named as seen from there.
    """

    request: EditRequest
    content: dict[str, Any]
    folder: Path

    @classmethod
    def read(cls, path: Path | None) -> Record | None:
        """Read a sidecar; None for a plain recipe file, or for no file."""
        if path is None:
            return None
        settings = read_request(path)
        if "video" not in settings:
            return None
        return cls(EditRequest.model_validate(settings), read_json(path), path.parent)

    def compare(self, request: EditRequest, done: FileDone) -> list[str]:
        """Tell, in lines for the summary, how a new edit agrees with the record."""
        from soundini.packs.pack import file_hash

        lines = [
            f"warning     {Path(name).name} is another file than the recipe was made with"
            for name, digest in self.content.get("inputs", {}).items()
            if (self.folder / name).is_file() and file_hash(self.folder / name) != digest
        ]
        if request != self.request.model_copy(update={"output": request.output}):
            return lines  # another edit: nothing to expect
        if file_hash(done.path) == self.content.get("output", {}).get("sha256"):
            return [*lines, "record      the same bytes as recorded"]
        then = self.content.get("versions", {})
        moved = [f"{k} {then.get(k)} -> {v}" for k, v in versions().items() if then.get(k) != v]
        why = f" ({', '.join(moved)})" if moved else ""
        return [*lines, f"record      not the bytes that were recorded{why}"]
