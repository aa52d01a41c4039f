"""The packs of the paper, and the VQGAN of any pack, for the baseline that needs one."""

from pathlib import Path

import torch

from soundini.baselines.vqgan.config import OFFICIAL
from soundini.baselines.vqgan.loading import WEIGHTS_FILE
from soundini.flow.dis import DISFlow
from soundini.flow.protocol import FlowEstimator
from soundini.flow.raft import RAFTFlow
from soundini.joint.paper import PaperJointSpace
from soundini.packs.denoiser import load_denoiser
from soundini.packs.pack import VQGAN_FOLDER, ModelPack, Senses, embedded_folder
from soundini.weights.inventory import UNETS, PaperFolders, paper_folders, ready_weights
from soundini.weights.store import models_folder

PAPER_PACKS = tuple(UNETS)
"""Names of the paper's packs."""

_RAFT_ITERATIONS = 20


def load_paper_pack(
    name: str,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    flow: str = "auto",
    sound_encoder: str = "auto",
    home: Path | None = None,
) -> ModelPack:
    """Load ``paper-256``, ``paper-512`` or ``paper-512-uncond`` from what ``soundini weights import`` has converted.

    Without RAFT's weights the flow is DIS; without those of LPIPS the background is compared by the
    ImageNet network.

    Args:
        name: of the pack.
        device: where the models run.
        dtype: arithmetic of the denoiser: None for float32, else autocast; on a GPU its weights lie in it too.
        flow: ``auto``, ``dis`` or ``raft``.
        sound_encoder: one of :data:`soundini.weights.registry.SOUND_ENCODERS`, or ``auto`` for the first that is there.
        home: where the weights lie; None for the usual place.

    Raises:
        ModelError: a part is missing, with what to do about it, or is damaged.
    """
    senses = load_paper_senses(
        name, device=device, flow=flow, sound_encoder=sound_encoder, home=home
    )
    folders = paper_folders(name, home)
    on_gpu = torch.device(device).type == "cuda"
    denoiser = load_denoiser(folders.unet, {}, dtype, device, half=on_gpu)
    return ModelPack(**vars(senses), denoiser=denoiser, secondary_file=folders.secondary)


def load_paper_senses(
    name: str,
    *,
    device: torch.device | str = "cpu",
    flow: str = "auto",
    sound_encoder: str = "auto",
    home: Path | None = None,
) -> Senses:
    """Load a paper pack without its prior; see :func:`load_paper_pack`.

    Raises:
        ModelError: a part is missing, with what to do about it, or is damaged.
    """
    folders = paper_folders(name, home, sound=None if sound_encoder == "auto" else sound_encoder)
    joint = PaperJointSpace.from_folders(folders.clip, folders.sound).to(device)
    return Senses(
        name,
        None,
        joint,
        _load_flow(flow, folders, home, device),
        perceptual_folder=folders.lpips,
        weights=folders.weights,
        sound_encoder=joint.sound_name,
    )


def _load_flow(
    name: str, folders: PaperFolders, home: Path | None, device: torch.device | str
) -> FlowEstimator:
    path = folders.raft
    if name == "raft":
        path = ready_weights("raft_large", home)
    if name == "dis" or path is None:
        return DISFlow()
    return RAFTFlow.from_file(path, "large", _RAFT_ITERATIONS).to(device)


def vqgan_folder(pack: ModelPack, weights: str = "auto", home: Path | None = None) -> Path:
    """The folder of the VQGAN that goes with a pack.

    Args:
        pack: the models; one whose folder holds no VQGAN goes with the embedded one.
        weights: ``embedded``; the name of an official one; or ``auto``, for a pack of the paper an official one where it is
            imported (16384 codes before 1024), for others the pack's own.
        home: where imported weights lie; None for the usual place.

    Raises:
        ModelError: an official one is asked for and is not imported; the message says how.
    """
    if weights in OFFICIAL:
        return ready_weights(weights, home).parent
    if weights == "auto":
        own = [] if pack.folder is None else [pack.folder / VQGAN_FOLDER]
        if pack.name in PAPER_PACKS:
            own += [models_folder(home) / name for name in reversed(OFFICIAL)]
        for folder in own:
            if (folder / WEIGHTS_FILE).is_file():
                return folder
    return embedded_folder() / VQGAN_FOLDER


def vqgan_weights(pack: ModelPack, weights: str = "auto") -> dict[str, Path]:
    """The weight file of the VQGAN, by the name of its folder; see :func:`vqgan_folder`."""
    folder = vqgan_folder(pack, weights)
    return {folder.name: folder / WEIGHTS_FILE}
