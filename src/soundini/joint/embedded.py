"""The joint space inside the package: small towers of our own, trained towards one direction for each class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from soundini.errors import ModelError
from soundini.joint.listening import (
    STRIDE,
    Steps,
    pool_around,
    segment_steps,
    sharpen,
    smooth,
)
from soundini.joint.spectrogram import MelConfig, mel_power
from soundini.joint.towers import ImageTower, SoundHead, SoundNetwork
from soundini.settings_files import read_json

LOG_SCALE = 9.457798957824707
"""log10(10000 S + 1) of the aiSFX training set's loudest bin: the front end divides by it."""

CONTEXT_SECONDS = 10.0
"""The class of a moment is decided by up to this much sound around it, as far as that is of one kind."""

PROTOTYPES_FILE = "prototypes.safetensors"

TEMPERATURE = 0.1
"""Temperature of the softmax over cosines, in training and in :meth:`EmbeddedJointSpace.name_sounds`."""

LEAST_SHARE = 1 / 3000
"""Least share of a class in an embedding: with nine classes, |z| of :meth:`EmbeddedJointSpace.embed_shares` is then at most 1."""

_LOCAL = 12
"""Steps (2.2 s) of the short windows that detect turns from one class to another."""

_TURN = 1.0
"""Log likelihood (nats) that a turn must gain; as short windows overlap, each counts a twelfth."""

_REACH = 6
"""Most steps by which a turn is moved to where the features change."""

_FADE = 3
"""Steps (0.56 s) of the crossfade from one class to another."""

_CHUNK, _SEEN = 1024, 32
"""Columns that the sound network processes at once, and its receptive field on either side (30, in whole steps)."""


def log_power(power: Tensor) -> Tensor:
    """log10(10000 S + 1) / 9.458 of mel power: what the sound network takes; any shape."""
    return torch.log10(1e4 * power + 1) / LOG_SCALE


class EmbeddedJointSpace(nn.Module):
    """Image tower and sound tower in one space, where classes lie at right angles (:mod:`soundini.training.directions`).

    Args:
        image_tower: ``[B, 3, S, S]`` -> ``[B, dim]``.
        sound_network: ``[B, time, mel]`` -> ``[B, D, time // 8]``.
        sound_head: ``[B, F]``, pooled by :func:`soundini.joint.listening.pool_steps`, -> ``[B, classes]``: the log probability
            of each prototype's class, in the order of their names.
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
        self.window_seconds = CONTEXT_SECONDS
        self.step_seconds = STRIDE * self.mel.hop_length / self.sample_rate

    @classmethod
    def from_folder(cls, folder: Path) -> EmbeddedJointSpace:
        """Load ``config.json`` and the towers' safetensors from ``folder``.

        Raises:
            ModelError: a file is missing or does not hold what the configuration says.
        """
        try:
            config = read_json(folder / "config.json")
            prototypes = {k: v.float() for k, v in load_file(folder / PROTOTYPES_FILE).items()}
            towers = (ImageTower(config["dim"]), SoundNetwork(), SoundHead(len(prototypes)))
            names = ("image_tower", "sound_network", "sound_head")
            for tower, name in zip(towers, names, strict=True):
                state = load_file(folder / f"{name}.safetensors")
                tower.load_state_dict({k: v.float() for k, v in state.items()})
        except Exception as error:
            reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(":")
            raise ModelError(
                "cannot load the joint space in {folder}: {why}; reinstall soundini or mend the folder",
                folder=folder,
                why=reason,
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
        """See :meth:`soundini.joint.protocol.JointSpace.embed_sound`.

        By default a window ends where the sound turns from one class into another; a window of another length is not cut.
        """
        steps = self.listen(mel_power(waveform.to(self.device), self.mel)).to(waveform.device)
        plain = window_seconds if window_seconds != self.window_seconds else None
        shares = self.step_shares(steps, plain)
        at = (times.to(shares) / self.step_seconds - 0.5).clamp(0, len(steps) - 1)
        before = at.floor().long()
        after = (before + 1).clamp(max=len(steps) - 1)
        mixed = torch.lerp(shares[before], shares[after], (at - before)[:, None])
        return self.embed_shares(mixed)

    def listen(self, power: Tensor) -> Steps:
        """Features and levels of a whole clip, from its mel power ``[n_mels, columns]``."""
        missing = STRIDE - power.shape[1]
        if missing > 0:
            power = F.pad(power, (0, missing))
        columns = log_power(power).T
        total = len(columns) // STRIDE * STRIDE
        parts = []
        for start in range(0, total, _CHUNK):
            first, stop = max(0, start - _SEEN), min(total, start + _CHUNK)
            said = self.sound_network(columns[None, first : stop + _SEEN])[0]
            skipped = (start - first) // STRIDE
            parts.append(said[:, skipped : skipped + (stop - start) // STRIDE])
        return Steps.of(torch.cat(parts, 1), power)

    def step_shares(self, steps: Steps, window_seconds: float | None = None) -> Tensor:
        """The probability of each class at every step, in the order of :attr:`sound_classes`.

        Short windows find the turns; then every step is classified by its context on its own side of the turns.

        Args:
            steps: the sound.
            window_seconds: length of windows that are not cut; None for ten seconds that end at turns.

        Shape:
            returns ``[len(steps), classes]``.
        """
        length = max(1, round((window_seconds or self.window_seconds) / self.step_seconds))
        segments = [0]
        if window_seconds is None:
            local = self._say(pool_around(steps, _LOCAL)).log_softmax(-1)
            segments = sharpen(steps.features, segment_steps(local / _LOCAL, _TURN), _REACH)
        shares = self._say(pool_around(steps, length, segments)).softmax(-1)
        return smooth(shares, _FADE)

    def _say(self, pooled: Tensor) -> Tensor:
        """The head's logits, where ``pooled`` lies."""
        return self.sound_head(pooled.to(self.device)).to(pooled.device)

    def embed_features(self, features: Tensor) -> Tensor:
        """Embed pooled features: ``[B, F]`` -> ``[B, dim]``, unit length."""
        return self.embed_shares(self.sound_head(features).softmax(-1))

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
