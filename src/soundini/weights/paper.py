"""The packs of the paper: which converted checkpoints make one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from soundini.errors import ModelError
from soundini.weights.formats import find_format
from soundini.weights.inventory import ready_weights
from soundini.weights.registry import SOUND_ENCODERS
from soundini.weights.store import models_folder

UNETS = {
    "paper-256": "guided_256_uncond",
    "paper-512": "guided_512_cond",
    "paper-512-uncond": "guided_512_uncond",
}
_CLIPS = ("clip_vit_b32", "clip_vit_b16")


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
