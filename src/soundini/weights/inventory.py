"""What is there, what is whole, and what a pack still lacks."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from soundini.errors import ModelError
from soundini.weights.formats import find_format
from soundini.weights.importing import SOURCE_SUFFIX
from soundini.weights.published import Entry
from soundini.weights.registry import ENTRIES, SOUND_ENCODERS, find_entry
from soundini.weights.store import by_hand, find_download, mismatch, models_folder, sha256

State = Literal["missing", "downloaded", "ready", "damaged"]
UNETS = {
    "paper-256": "guided_256_uncond",
    "paper-512": "guided_512_cond",
    "paper-512-uncond": "guided_512_uncond",
}
_CLIPS = ("clip_vit_b32", "clip_vit_b16")


@dataclass(frozen=True)
class Status:
    """How a checkpoint stands on this machine.

    Args:
        entry: what the registry says of it.
        state: ``missing``; ``downloaded``, but not imported; ``ready``; or ``damaged``.
        path: the file the state is about, or None.
        detail: what is wrong and what to do, or what the weights say of themselves; mostly empty.
    """

    entry: Entry
    state: State
    path: Path | None
    detail: str = ""


def inventory(home: Path | None = None, *, check: bool = False) -> list[Status]:
    """Say of every checkpoint of the registry how it stands.

    Args:
        home: see :func:`soundini.weights.store.home_folder`.
        check: hash the files (``weights verify``), not only look for them (``weights list``).
    """
    return [_status(entry, home, check) for entry in ENTRIES]


def ready_weights(name: str, home: Path | None = None) -> Path:
    """Find a converted checkpoint.

    Args:
        name: of an entry of the registry.
        home: see :func:`soundini.weights.store.home_folder`.

    Raises:
        ModelError: it was not imported yet; the message says how.
    """
    path = models_folder(home) / find_format(name).weights
    if path.is_file():
        return path
    entry = find_entry(name)
    if found := find_download(entry, home):
        raise ModelError(
            "{name} is not imported; run: soundini weights import {file}", name=name, file=found[0]
        )
    raise ModelError(
        "{name} is missing ({purpose}); run: soundini weights fetch {same}. Offline: {how}",
        name=name,
        purpose=entry.purpose,
        same=name,
        how=by_hand(entry, home),
    )


def _status(entry: Entry, home: Path | None, check: bool) -> Status:
    weights = models_folder(home) / find_format(entry.name).weights
    if weights.is_file():
        source = _source(weights)
        if check and sha256(weights) != source.get("sha256"):
            return Status(entry, "damaged", weights, "its hash changed; import it again")
        return Status(entry, "ready", weights, source.get("note", ""))
    found = find_download(entry, home)
    if found is None:
        return Status(entry, "missing", None, by_hand(entry, home))
    download, source = found
    if check and (wrong := mismatch(download, source)):
        return Status(entry, "damaged", download, f"{wrong}; delete it and fetch it again")
    return Status(entry, "downloaded", download, f"run: soundini weights import {download}")


def _source(weights: Path) -> dict[str, str]:
    """Read what the import wrote down; nothing where that file is gone."""
    try:
        return json.loads(weights.with_suffix(SOURCE_SUFFIX).read_text())
    except (OSError, ValueError):
        return {}


@dataclass(frozen=True)
class PaperFolders:
    """Where the parts of a pack of the paper lie.

    Args:
        unet: folder in diffusers format, for :func:`soundini.diffusion.adm.load_unet`, with a
            ``scheduler_config.json``.
        clip: folder, for :class:`soundini.joint.paper.PaperJointSpace`.
        sound: folder, for the same.
        raft: file, for :meth:`soundini.flow.raft.RAFTFlow.from_file`, or None if it is not there.
        lpips: folder, for :func:`soundini.perceptual.load_perceptual`, or None if it is not whole.
        secondary: file, for :class:`soundini.diffusion.secondary.SecondaryDenoiser`, or None if it is not there.
        weights: all weight files but ``secondary``, by name.
    """

    unet: Path
    clip: Path
    sound: Path
    raft: Path | None
    lpips: Path | None
    secondary: Path | None
    weights: dict[str, Path]


def paper_folders(
    name: str,
    home: Path | None = None,
    *,
    clip: str | None = None,
    sound: str | None = None,
) -> PaperFolders:
    """Find the parts of a pack among the converted checkpoints.

    Args:
        name: ``paper-256``, ``paper-512`` or ``paper-512-uncond``.
        home: see :func:`soundini.weights.store.home_folder`.
        clip: ``clip_vit_b32`` or ``clip_vit_b16``; None for the first that is there.
        sound: one of :data:`soundini.weights.registry.SOUND_ENCODERS`; None for the first that is there.

    Raises:
        ModelError: the pack is unknown, or a part it cannot do without is missing; the message says
            how to get it.
    """
    if name not in UNETS:
        raise ModelError(
            "there is no pack {name!r} of the paper; use {names}",
            name=name,
            names=" or ".join(UNETS),
        )
    required = {
        "unet": UNETS[name],
        "clip": clip or _first_ready(_CLIPS, home),
        "sound": sound or _first_ready(SOUND_ENCODERS, home),
    }
    found = {part: ready_weights(kind, home) for part, kind in required.items()}
    weights = {required[part]: path for part, path in found.items()}
    for kind in ("raft_large", "vgg16", "lpips_vgg_lins"):
        path = models_folder(home) / find_format(kind).weights
        if path.is_file():
            weights[kind] = path
    secondary = models_folder(home) / find_format("secondary").weights
    whole = "vgg16" in weights and "lpips_vgg_lins" in weights
    return PaperFolders(
        found["unet"].parent,
        found["clip"].parent,
        found["sound"].parent,
        weights.get("raft_large"),
        weights["vgg16"].parent if whole else None,
        secondary if secondary.is_file() else None,
        weights,
    )


def _first_ready(kinds: tuple[str, ...], home: Path | None) -> str:
    for kind in kinds:
        if (models_folder(home) / find_format(kind).weights).is_file():
            return kind
    return kinds[0]
