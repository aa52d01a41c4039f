"""The joint space inside the package: small towers of our own, relative to what is neutral."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from soundini.errors import ModelError
from soundini.joint.spectrogram import MelConfig, mel_power, sliding_windows
from soundini.joint.towers import ImageTower, SoundHead, SoundNetwork

LOG_SCALE = 9.457798957824707
"""log10(10000 S + 1) of the aiSFX training set's loudest bin: the front end divides by it."""

WINDOW_COLUMNS = 100
"""Columns of one window the sound network was trained on: 2.32 s."""

ANCHORS_FILE = "anchors.safetensors"
PROTOTYPE = "prototype."
"""What the names of prototypes begin with in that file."""

TEMPERATURE = 0.1
"""Of the softmax over cosines, in training and in :meth:`EmbeddedJointSpace.name_sounds`."""

_LEAST_COLUMNS = 8
"""The sound network halves the time axis three times."""


def log_power(power: Tensor) -> Tensor:
    """log10(10000 S + 1) / 9.458 of mel power: what the sound network takes; any shape."""
    return torch.log10(1e4 * power + 1) / LOG_SCALE


class EmbeddedJointSpace(nn.Module):
    """Image tower and sound tower in one space; embeddings are taken relative to neutral sounds and photographs.

    All landscapes share a large common part, and so do all sounds; a cosine between raw embeddings would mostly reward
    that part. Both sides therefore have their neutral mean subtracted: the direction that is left is the effect. A space
    whose towers were trained towards directions at right angles (:mod:`soundini.training.directions`) needs none, and its
    neutral means are zero.

    Args:
        image_tower: ``[B, 3, S, S]`` -> ``[B, dim]``.
        sound_network: ``[B, time, mel]`` -> ``[B, 512]``.
        sound_head: ``[B, 512]`` -> ``[B, dim]``.
        neutral_image: mean unit embedding of photographs without an effect.
        neutral_sound: mean unit embedding of sounds of no class.
        prototypes: mean unit relative embedding of each named class of sounds.
        image_size: side the image tower was trained at.

    Shape:
        ``neutral_image``, ``neutral_sound``: ``[dim]``; ``prototypes``: name -> ``[dim]``.
    """

    neutral_image: Tensor
    neutral_sound: Tensor

    def __init__(
        self,
        image_tower: nn.Module,
        sound_network: nn.Module,
        sound_head: nn.Module,
        *,
        neutral_image: Tensor,
        neutral_sound: Tensor,
        prototypes: dict[str, Tensor] | None = None,
        image_size: int = 64,
        mel: MelConfig | None = None,
    ) -> None:
        super().__init__()
        self.image_tower, self.sound_network, self.sound_head = (
            m.eval().requires_grad_(False) for m in (image_tower, sound_network, sound_head)
        )
        self.register_buffer("neutral_image", neutral_image.clone())
        self.register_buffer("neutral_sound", neutral_sound.clone())
        self.prototypes = dict(prototypes or {})
        self.mel = mel or MelConfig()
        self.dim = len(neutral_image)
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
            config = json.loads((folder / "config.json").read_text())
            towers = (ImageTower(config["dim"]), SoundNetwork(), SoundHead(config["dim"]))
            names = ("image_tower", "sound_network", "sound_head")
            for tower, name in zip(towers, names, strict=True):
                state = load_file(folder / f"{name}.safetensors")
                tower.load_state_dict({k: v.float() for k, v in state.items()})
            anchors = {k: v.float() for k, v in load_file(folder / ANCHORS_FILE).items()}
        except Exception as error:
            reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(":")
            raise ModelError(
                f"cannot load the joint space in {folder}: {reason}; reinstall soundini or mend the folder"
            ) from error
        return cls(
            *towers,
            neutral_image=anchors["neutral_image"],
            neutral_sound=anchors["neutral_sound"],
            prototypes={
                k.removeprefix(PROTOTYPE): v for k, v in anchors.items() if k.startswith(PROTOTYPE)
            },
            image_size=config["image_size"],
        )

    def embed_images(self, images: Tensor) -> Tensor:
        """See :meth:`soundini.joint.protocol.JointSpace.embed_images`."""
        raw = F.normalize(self.image_tower(images), dim=-1)
        return F.normalize(raw - self.neutral_image, dim=-1)

    @torch.no_grad()
    def embed_sound(
        self, waveform: Tensor, times: Tensor, window_seconds: float | None = None
    ) -> Tensor:
        """See :meth:`soundini.joint.protocol.JointSpace.embed_sound`."""
        columns = self.log_mel(waveform.to(self.neutral_sound.device))
        rate = self.sample_rate / self.mel.hop_length
        length = WINDOW_COLUMNS
        if window_seconds is not None:
            length = max(round(window_seconds * rate), _LEAST_COLUMNS)
        windows = sliding_windows(columns, times * rate, length)
        features = self.sound_network(windows.transpose(1, 2))
        return self.embed_features(features).to(waveform.device)

    def embed_features(self, features: Tensor) -> Tensor:
        """Embed what the sound network says of some windows: ``[B, 512]`` -> ``[B, dim]``, unit length."""
        raw = F.normalize(self.sound_head(features), dim=-1)
        return F.normalize(raw - self.neutral_sound, dim=-1)

    def log_mel(self, waveform: Tensor) -> Tensor:
        """Front end of the sound network over the whole clip: ``[samples]`` -> ``[n_mels, columns]``."""
        return log_power(mel_power(waveform, self.mel))

    def name_sounds(self, sound_embeds: Tensor) -> list[dict[str, float]]:
        """The probability of each prototype's class for each embedding, softmax of cosine / 0.1."""
        if not self.prototypes:
            return [{} for _ in sound_embeds]
        names, _, shares = self._shares(sound_embeds)
        return [dict(zip(names, row, strict=True)) for row in shares.tolist()]

    def typical_sounds(self, sound_embeds: Tensor) -> Tensor:
        """See :meth:`soundini.joint.protocol.KnowsTypicalSounds.typical_sounds`."""
        if not self.prototypes:
            return sound_embeds
        _, prototypes, shares = self._shares(sound_embeds)
        return F.normalize(shares @ prototypes, dim=-1)

    def _shares(self, sound_embeds: Tensor) -> tuple[list[str], Tensor, Tensor]:
        names = sorted(self.prototypes)
        prototypes = torch.stack([self.prototypes[n] for n in names]).to(sound_embeds)
        return names, prototypes, (sound_embeds @ prototypes.T / TEMPERATURE).softmax(-1)
