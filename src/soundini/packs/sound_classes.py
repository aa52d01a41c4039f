"""The classes of sounds that a model pack knows, without loading it."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open

from soundini.errors import ModelError
from soundini.joint.embedded import PROTOTYPES_FILE
from soundini.packs.debug import DEBUG_CLASSES
from soundini.packs.loading import find_pack, joint_folder
from soundini.packs.paper import PAPER_PACKS


def sound_classes(name: str | Path) -> tuple[str, ...]:
    """The names of the classes that ``sound.heard_as`` may use with a pack; none for packs with a text tower.

    Args:
        name: of the pack, or its folder.

    Raises:
        ModelError: there is no such pack, or it is damaged.
    """
    if str(name) == "debug":
        return DEBUG_CLASSES
    if str(name) in PAPER_PACKS:
        return ()
    path = joint_folder(find_pack(name)) / PROTOTYPES_FILE
    try:
        with safe_open(path, "np") as file:
            return tuple(sorted(file.keys()))
    except (OSError, SafetensorError) as error:
        raise ModelError(
            "cannot read {file}: {why}; mend it or reinstall the pack", file=path, why=error
        ) from None
