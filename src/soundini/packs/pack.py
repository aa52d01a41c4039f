"""A model pack: a denoiser, a joint space and what belongs to them, replaced as a whole."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path

from safetensors.torch import load_file

from soundini.diffusion.denoiser import UNetDenoiser
from soundini.diffusion.secondary import SecondaryDenoiser
from soundini.errors import ModelError, Option
from soundini.flow.protocol import FlowEstimator
from soundini.joint.protocol import JointSpace

WEIGHT_SUFFIXES = (".safetensors",)
VQGAN_FOLDER = "vqgan"
"""The subfolder of a pack's VQGAN, which only a baseline uses."""


def embedded_folder() -> Path:
    """The folder of the pack inside the package."""
    return Path(str(resources.files("soundini.packs") / "embedded"))


@dataclass(frozen=True)
class Senses:
    """What of a pack sees, hears and follows motion: all but the prior, and all that measuring needs.

    Args:
        name: what the pack calls itself.
        folder: where it lies, or None for a pack made in memory or of several folders.
        joint: the joint sound-image space.
        flow: the optical-flow estimator.
        perceptual_folder: where weights of LPIPS may lie, or None.
        weights: its weight files by name, or None for those in ``folder``.
        sound_encoder: name of the sound encoder, where the pack can have one of several; else empty.
        hashed: what :meth:`hash_of` has found, by path.
    """

    name: str
    folder: Path | None
    joint: JointSpace
    flow: FlowEstimator
    perceptual_folder: Path | None = None
    weights: Mapping[str, Path] | None = None
    sound_encoder: str = ""
    hashed: dict[Path, str] = field(default_factory=dict, repr=False, compare=False)

    def weight_files(self) -> dict[str, Path]:
        """Every weight file of the pack, by its name or its path in the pack; not those that only a baseline uses."""
        if self.weights is not None:
            return dict(self.weights)
        if self.folder is None:
            return {}
        files = sorted(p for p in self.folder.rglob("*") if p.suffix in WEIGHT_SUFFIXES)
        names = {str(p.relative_to(self.folder)): p for p in files}
        return {n: p for n, p in names.items() if Path(n).parts[0] != VQGAN_FOLDER}

    def weight_hashes(self) -> dict[str, str]:
        """sha256 of every weight file, by its name."""
        return {name: self.hash_of(path) for name, path in self.weight_files().items()}

    def hash_of(self, path: Path) -> str:
        """sha256 of a weight file of the pack or of a baseline. It is read once; weights do not change while the program runs."""
        if path not in self.hashed:
            self.hashed[path] = file_hash(path)
        return self.hashed[path]


@dataclass(frozen=True)
class ModelPack(Senses):
    """Everything a window of frames needs to be edited.

    Args:
        denoiser: the diffusion prior; for the others see :class:`Senses`.
        secondary_file: weights of a small denoiser for gradients, or None.
    """

    denoiser: UNetDenoiser = field(kw_only=True)
    secondary_file: Path | None = field(default=None, kw_only=True)

    @cached_property
    def secondary(self) -> SecondaryDenoiser:
        """The small denoiser that ``guidance.gradient=secondary`` runs through, loaded once.

        Raises:
            ModelError: there is none, or its file is damaged.
        """
        if self.secondary_file is None:
            raise ModelError(
                "guidance.gradient=secondary needs a small denoiser, and the models {models} have none; "
                "for paper-256 run: soundini weights fetch secondary, else use exact or fast",
                models=self.name,
            )
        try:
            network = SecondaryDenoiser.from_state(load_file(self.secondary_file))
        except Exception as error:  # a damaged file can make the parser fail with any exception
            raise ModelError(
                "cannot read {file}; import its checkpoint again", file=self.secondary_file
            ) from error
        return network.to(next(self.denoiser.parameters()).device)


def check_sound_encoder(name: str | Path, sound_encoder: str) -> None:
    """Refuse a choice of sound encoders for models that have one.

    Args:
        name: of the pack.
        sound_encoder: ``auto``, or a name.

    Raises:
        ModelError: it is not ``auto``.
    """
    if sound_encoder != "auto":
        raise ModelError(
            "the models {models} hear with an encoder of their own; leave joint.sound_encoder=auto, "
            "or use {option}",
            models=name,
            option=Option("models", "paper-256"),
        )


def file_hash(path: Path) -> str:
    """sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
