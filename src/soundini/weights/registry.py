"""All published checkpoints that soundini knows, by name."""

from __future__ import annotations

from soundini.errors import ModelError
from soundini.weights.priors import PRIORS, VQGANS
from soundini.weights.published import PACKS, Entry
from soundini.weights.senses import SENSES

SOUND_ENCODERS = ("swin_audio", "vipant_audio", "resnet18_audio", "wav2clip_audio")
"""Sound encoders in the space of CLIP ViT-B/32; a pack takes the first that is there."""

ENTRIES = (*PRIORS, *SENSES, *VQGANS)
"""Every checkpoint."""


def find_entry(name: str) -> Entry:
    """Look a checkpoint up by its name.

    Raises:
        ModelError: there is none of that name.
    """
    for entry in ENTRIES:
        if entry.name == name:
            return entry
    names = ", ".join((*PACKS, *(entry.name for entry in ENTRIES)))
    raise ModelError(
        "there are no weights {name!r} in the registry; use one of {names}", name=name, names=names
    )
