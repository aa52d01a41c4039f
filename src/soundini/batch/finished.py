"""Finds out from a recipe record whether an edit is done."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soundini.batch.manifest import Outcome
from soundini.editing.inputs import hash_inputs
from soundini.editing.methods import weight_hashes
from soundini.editing.model_cache import ModelCache
from soundini.editing.request import EditRequest, read_request, sidecar_path
from soundini.errors import SoundiniError
from soundini.jobs.begin import is_same_edit
from soundini.packs.pack import file_hash
from soundini.settings_files import read_json


@dataclass(frozen=True)
class Finished:
    """A finished output.

    Args:
        recipe: its record.
        seconds: that it took.
        warp_ratio: warp error of the edited region over that of the source; None for a single frame.
    """

    recipe: Path
    seconds: float | None
    warp_ratio: float | None

    @property
    def outcome(self) -> Outcome:
        """Its line in the manifest."""
        return Outcome("skipped", self.recipe, self.seconds, self.warp_ratio)


def find_finished(request: EditRequest, models: ModelCache) -> Finished | None:
    """The output of an edit, if it is there, whole, and was made of the same inputs by the same settings and weights.

    Args:
        request: the edit, with absolute paths.
        models: loads those of the edit, if all else is the same.
    """
    path = sidecar_path(request.output)
    if not (path.is_file() and request.output.is_file()):
        return None
    try:
        recorded = EditRequest.model_validate(read_request(path))
        record = read_json(path)
        inputs = {os.path.normpath(path.parent / k): v for k, v in record["inputs"].items()}
        same = (
            is_same_edit(request, recorded)
            and record["output"]["sha256"] == file_hash(request.output)
            and inputs == hash_inputs(request)
            and record["models"]["sha256"] == weight_hashes(models.open(request), request.recipe)
        )
        return _told(path, record) if same else None
    except (SoundiniError, KeyError, TypeError, AttributeError, ValueError):
        return None  # the record of something else; the check reports errors of the edit itself


def _told(path: Path, record: dict[str, Any]) -> Finished:
    temporal = record.get("temporal")
    ratio = None if temporal is None else float(temporal["ratio"])
    return Finished(path, float(record["seconds"]["total"]), ratio)
