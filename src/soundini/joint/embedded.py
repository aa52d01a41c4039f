"""The joint space inside the package: small towers of our own, trained towards one direction for each class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from soundini.errors import ModelError
from soundini.joint.spectrogram import MelConfig, mel_power, sliding_windows
from soundini.joint.towers import ImageTower, SoundHead, SoundNetwork
from soundini.settings_files import read_json

LOG_SCALE = 9.457798957824707
"""log10(10000 S + 1) of the aiSFX training set's loudest bin: the front end divides by it."""

WINDOW_COLUMNS = 100
"""Columns of one window the sound network was trained on: 2.32 s."""

PROTOTYPES_FILE = "prototypes.safetensors"

TEMPERATURE = 0.1
"""Of the softmax over cosines, in training and in :meth:`EmbeddedJointSpace.name_sounds`."""

LEAST_SHARE = 1 / 3000
"""Of a class in what is embedded: with nine classes, |z| of :meth:`EmbeddedJointSpace.embed_shares` is then at most 1."""

_LEAST_COLUMNS = 8
"""The sound network halves the time axis three times."""

_CHUNK = 8
"""Windows that the sound network hears at once: more of them fall out of a CPU's cache."""


def log_power(power: Tensor) -> Tensor:
    """log10(10000 S + 1) / 9.458 of mel power: what the sound network takes; any shape."""
    return torch.log10(1e4 * power + 1) / LOG_SCALE


class EmbeddedJointSpace(nn.Module):
    """Image tower and sound tower in one space, where classes lie at right angles (:mod:`soundini.training.directions`).

    Args:
        image_tower: ``[B, 3, S, S]`` -> ``[B, dim]``.
        sound_network: ``[B, time, mel]`` -> ``[B, 512]``.
        sound_head: ``[B, 512]`` -> ``[B, dim]``.
        prototypes: the direction of each named class, at least one; at right angles to each other.
        image_size: side the image tower was trained at.

    Shape:
        ``prototypes``: name -> ``[dim]``, unit length.
    """

    def __init__(
        self,
        image_tower: nn.Module,
        sound_network: nn.Module,
        sound_head: nn.Module,
        *,
        prototypes: Mapping[str, Tensor],
        image_size: int = 64,
        mel: MelConfig | None = None,
    ) -> None:
        super().__init__()
        self.image_tower, self.sound_network, self.sound_head = (
            m.eval().requires_grad_(False) for m in (image_tower, sound_network, sound_head)
        )
        self.prototypes = dict(prototypes)
        self.mel = mel or MelConfig()
        self.dim = len(next(iter(prototypes.values())))
        self.image_size = image_size
        self.sample_rate = self.mel.sample_rate
        self.window_seconds = WINDOW_COLUMNS * self.mel.hop_length / self.sample_rate

    @classmethod
    def from_folder(cls, folder: Path) -> EmbeddedJointSpace:
        """Load ``config.json`` and the towers' safetensors from ``folder``.

        Raises:
            ModelError: a file is missing or does not hold what the configuration says.
        """
        try:
            config = read_json(folder / "config.json")
            towers = (ImageTower(config["dim"]), SoundNetwork(), SoundHead(config["dim"]))
            names = ("image_tower", "sound_network", "sound_head")
            for tower, name in zip(towers, names, strict=True):
                state = load_file(folder / f"{name}.safetensors")
                tower.load_state_dict({k: v.float() for k, v in state.items()})
            prototypes = {k: v.float() for k, v in load_file(folder / PROTOTYPES_FILE).items()}
        except Exception as error:
            reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(":")
            raise ModelError(
                f"cannot load the joint space in {folder}: {reason}; reinstall soundini or mend the folder"
            ) from error
        return cls(*towers, prototypes=prototypes, image_size=config["image_size"])

    @property
    def device(self) -> torch.device:
        """Where the towers lie."""
        return next(self.sound_head.parameters()).device

    def embed_images(self, images: Tensor) -> Tensor:
        """See :meth:`soundini.joint.protocol.JointSpace.embed_images`."""
        return F.normalize(self.image_tower(images), dim=-1)

    @torch.no_grad()
    def embed_sound(
        self, waveform: Tensor, times: Tensor, window_seconds: float | None = None
    ) -> Tensor:
        """See :meth:`soundini.joint.protocol.JointSpace.embed_sound`."""
        columns = self.log_mel(waveform.to(self.device))
        rate = self.sample_rate / self.mel.hop_length
        length = WINDOW_COLUMNS
        if window_seconds is not None:
            length = max(round(window_seconds * rate), _LEAST_COLUMNS)
        windows = sliding_windows(columns, times * rate, length)
        parts = [self.sound_network(part.transpose(1, 2)) for part in windows.split(_CHUNK)]
        return self.embed_features(torch.cat(parts)).to(waveform.device)

    def embed_features(self, features: Tensor) -> Tensor:
        """Embed what the sound network says of some windows: ``[B, 512]`` -> ``[B, dim]``, unit length."""
        return F.normalize(self.sound_head(features), dim=-1)

    def log_mel(self, waveform: Tensor) -> Tensor:
        """Front end of the sound network over the whole clip: ``[samples]`` -> ``[n_mels, columns]``."""
        return log_power(mel_power(waveform, self.mel))

    def name_sounds(self, sound_embeds: Tensor) -> list[dict[str, float]]:
        """The probability of each prototype's class for each embedding, softmax of cosine / 0.1."""
        names, _, shares = self._shares(sound_embeds)
        return [dict(zip(names, row, strict=True)) for row in shares.tolist()]

    @property
    def sound_classes(self) -> tuple[str, ...]:
        """See :attr:`soundini.joint.protocol.KnowsSoundClasses.sound_classes`."""
        return tuple(sorted(self.prototypes))

    def embed_shares(self, shares: Tensor) -> Tensor:
        """See :meth:`soundini.joint.protocol.KnowsSoundClasses.embed_shares`.

        The cosine with the direction d_c of class c is 0.1 log p_c plus a constant, which is chosen so that the embedding has
        unit length: e = sum_c (z_c + k) d_c with z = 0.1 (log p - mean log p) and |z|^2 + C k^2 = 1.
        """
        logs = shares.clamp_min(LEAST_SHARE).log()
        z = TEMPERATURE * (logs - logs.mean(-1, keepdim=True))
        rest = (1 - z.square().sum(-1, keepdim=True)).clamp_min(0)
        basis = torch.stack([self.prototypes[n] for n in self.sound_classes]).to(shares)
        return F.normalize((z + (rest / shares.shape[-1]).sqrt()) @ basis, dim=-1)

    def typical_sounds(self, sound_embeds: Tensor) -> Tensor:
        """See :meth:`soundini.joint.protocol.KnowsTypicalSounds.typical_sounds`."""
        _, prototypes, shares = self._shares(sound_embeds)
        return F.normalize(shares @ prototypes, dim=-1)

    def _shares(self, sound_embeds: Tensor) -> tuple[list[str], Tensor, Tensor]:
        names = list(self.sound_classes)
        prototypes = torch.stack([self.prototypes[n] for n in names]).to(sound_embeds)
        return names, prototypes, (sound_embeds @ prototypes.T / TEMPERATURE).softmax(-1)
