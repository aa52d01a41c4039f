"""Loading a model pack by name: the embedded one, one of the paper's, or a folder."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from soundini.errors import ModelError
from soundini.flow.dis import DISFlow
from soundini.flow.protocol import FlowEstimator
from soundini.flow.raft import RAFTFlow
from soundini.joint.embedded import PROTOTYPES_FILE, EmbeddedJointSpace
from soundini.packs.debug import DEBUG_CLASSES, debug_pack
from soundini.packs.denoiser import load_denoiser
from soundini.packs.pack import ModelPack, Senses, check_sound_encoder, embedded_folder
from soundini.packs.paper import PAPER_PACKS, load_paper_pack, load_paper_senses
from soundini.settings_files import read_json

PACK_FILE = "pack.json"


def find_pack(name: str | Path) -> Path:
    """The folder of a pack: ``embedded``, or a path.

    Raises:
        ModelError: there is no such folder.
    """
    folder = embedded_folder() if str(name) == "embedded" else Path(name)
    if not folder.is_dir():
        raise ModelError(
            "there is no model pack {name!r}; use embedded, debug, paper-256, paper-512, "
            "paper-512-uncond, or the path of a pack's folder",
            name=str(name),
        )
    return folder


def load_pack(
    name: str | Path = "embedded",
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    flow: str = "auto",
    sound_encoder: str = "auto",
) -> ModelPack:
    """Load a model pack.

    A folder without ``pack.json`` that is an unconditional pixel model in diffusers format (``unet/`` and ``scheduler/``,
    or ``config.json`` beside the weights) is taken as a denoiser; the joint space is then the embedded one.

    Args:
        name: ``embedded``, ``debug``, ``paper-256``, ``paper-512``, ``paper-512-uncond``, or a folder.
        device: where the models run.
        dtype: arithmetic of the denoiser: None for float32, else autocast.
        flow: ``auto``, ``dis`` or ``raft``.
        sound_encoder: which one a pack of the paper hears with; ``auto`` for the first that is there.

    Raises:
        ModelError: the pack is missing or damaged, or has no such sound encoder.
    """
    if str(name) in PAPER_PACKS:
        return load_paper_pack(
            str(name), device=device, dtype=dtype, flow=flow, sound_encoder=sound_encoder
        )
    check_sound_encoder(name, sound_encoder)
    if str(name) == "debug":
        return debug_pack(device)
    folder = find_pack(name)
    denoiser = load_denoiser(folder, read_config(folder), dtype, device)
    senses = _folder_senses(folder, device, flow)
    if denoiser.condition is not None and denoiser.condition.dim != senses.joint.dim:
        raise ModelError(
            "the prior in {folder} takes embeddings of {dim} numbers, and its joint space gives {sound_dim}; "
            "put together what was trained together",
            folder=folder,
            dim=denoiser.condition.dim,
            sound_dim=senses.joint.dim,
        )
    return ModelPack(**vars(senses), denoiser=denoiser)


def load_senses(
    name: str | Path = "embedded",
    *,
    device: torch.device | str = "cpu",
    flow: str = "auto",
    sound_encoder: str = "auto",
) -> Senses:
    """Load a model pack without its prior, which is most of its weights; see :func:`load_pack`.

    Raises:
        ModelError: the pack is missing or damaged.
    """
    if str(name) in PAPER_PACKS:
        return load_paper_senses(str(name), device=device, flow=flow, sound_encoder=sound_encoder)
    check_sound_encoder(name, sound_encoder)
    if str(name) == "debug":
        return load_pack(name, device=device)
    return _folder_senses(find_pack(name), device, flow)


def _folder_senses(folder: Path, device: torch.device | str, flow: str) -> Senses:
    joint = joint_folder(folder)
    return Senses(
        read_config(folder)["name"],
        folder,
        EmbeddedJointSpace.from_folder(joint).to(device),
        load_flow(flow, folder, device),
        perceptual_folder=folder,
    )


def joint_folder(folder: Path) -> Path:
    """The folder of a pack's joint space: its own, or else the embedded one."""
    return folder / "joint" if (folder / "joint").is_dir() else embedded_folder() / "joint"


def read_config(folder: Path) -> dict[str, Any]:
    """The pack's ``pack.json``, or what a plain diffusers folder implies.

    Raises:
        ModelError: the file cannot be read.
    """
    path = folder / PACK_FILE
    if not path.exists():
        return {"name": folder.name}
    try:
        settings = read_json(path)
    except (OSError, ValueError) as error:
        raise ModelError(
            "cannot read {file}: {why}; mend it or reinstall the pack", file=path, why=error
        ) from None
    named = {"name": folder.name} | settings if isinstance(settings, dict) else {}
    if not isinstance(named.get("name"), str):
        raise ModelError(
            "{file} does not describe a pack; mend it or reinstall the pack", file=path
        )
    return named


def load_flow(name: str, folder: Path, device: torch.device | str) -> FlowEstimator:
    """RAFT where its weights lie in the pack's ``flow/raft_large.safetensors`` (or small), else OpenCV DIS.

    Raises:
        ModelError: RAFT is asked for and its weights are not there.
    """
    for variant in ("large", "small"):
        path = folder / "flow" / f"raft_{variant}.safetensors"
        if name != "dis" and path.exists():
            return RAFTFlow.from_file(path, variant).to(device)
    if name == "raft":
        raise ModelError(
            "there are no RAFT weights at {file}; put them there, or set compute.flow=dis",
            file=folder / "flow" / "raft_large.safetensors",
        )
    return DISFlow()


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
