"""The VQGAN of a pack, for the baseline that needs one; it is read on first use."""

from pathlib import Path

from soundini.baselines.vqgan.config import OFFICIAL
from soundini.baselines.vqgan.loading import WEIGHTS_FILE
from soundini.packs.loading import embedded_folder
from soundini.packs.pack import VQGAN_FOLDER, ModelPack
from soundini.packs.paper import PAPER_PACKS
from soundini.weights.inventory import ready_weights
from soundini.weights.store import models_folder


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
