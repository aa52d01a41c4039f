"""The joint space of the paper: CLIP for frames, an encoder of spectrograms for sounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from soundini.errors import ModelError
from soundini.joint.clip import ClipTowers
from soundini.joint.paper_spectrogram import (
    PAPER_MEL,
    REFERENCE_DB,
    WINDOW_COLUMNS,
    decibel_image,
)
from soundini.joint.resnet import ResNetSoundEncoder
from soundini.joint.spectrogram import mel_power, sliding_windows
from soundini.joint.swin import SwinSoundEncoder
from soundini.settings_files import read_json

_ENCODERS = {"swin_audio": SwinSoundEncoder, "resnet18_audio": ResNetSoundEncoder}
_WEIGHTS = "model.safetensors"
_BATCH = 16


class PaperJointSpace(nn.Module):
    """CLIP's image and text towers, and a sound encoder trained into their space.

    Args:
        clip: the towers of CLIP.
        sound_encoder: ``[B, 128, window_columns]`` in [0, 1] -> ``[B, dim]``.
        window_columns: columns of 11.6 ms that one embedding hears. The encoders were trained on
            864; shorter windows follow the sound more closely, and are stretched to that size.
        reference_db: see :func:`soundini.joint.paper_spectrogram.decibel_image`.
    """

    def __init__(
        self,
        clip: ClipTowers,
        sound_encoder: nn.Module,
        *,
        window_columns: int = WINDOW_COLUMNS,
        reference_db: float | None = REFERENCE_DB,
    ) -> None:
        super().__init__()
        self.clip = clip.eval().requires_grad_(False)
        self.sound_encoder = sound_encoder.eval().requires_grad_(False)
        self.window_columns = window_columns
        self.reference_db = reference_db
        self.dim = clip.dim
        self.image_size = clip.image_size
        self.sample_rate = PAPER_MEL.sample_rate
        self.window_seconds = window_columns * PAPER_MEL.hop_length / PAPER_MEL.sample_rate

    @classmethod
    def from_folders(
        cls,
        clip: Path,
        sound: Path,
        *,
        window_columns: int = WINDOW_COLUMNS,
        reference_db: float | None = REFERENCE_DB,
    ) -> PaperJointSpace:
        """Load converted checkpoints, as ``soundini weights import`` writes them.

        Args:
            clip: folder of a converted CLIP.
            sound: folder of a converted sound encoder.
            window_columns: see the class.
            reference_db: see the class.

        Raises:
            ModelError: a file is missing or damaged, or open_clip is not installed.
        """
        towers = ClipTowers(_read(clip))
        try:
            encoder = _ENCODERS[read_json(sound / "config.json")["format"]]
            sound_encoder = encoder.from_state(_read(sound))
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ModelError(
                f"cannot load the sound encoder in {sound}: {reason}; import its checkpoint again"
            ) from error
        return cls(towers, sound_encoder, window_columns=window_columns, reference_db=reference_db)

    def embed_images(self, images: Tensor) -> Tensor:
        """See :meth:`soundini.joint.protocol.JointSpace.embed_images`."""
        return self.clip.embed_images(images)

    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Embed texts in the same space: ``[len(texts), dim]``, unit length."""
        return self.clip.embed_text(texts)

    @torch.no_grad()
    def embed_sound(
        self, waveform: Tensor, times: Tensor, window_seconds: float | None = None
    ) -> Tensor:
        """See :meth:`soundini.joint.protocol.JointSpace.embed_sound`."""
        device = self.clip.device
        self.sound_encoder.to(device)  # it may be parked
        columns = decibel_image(mel_power(waveform.to(device), PAPER_MEL), self.reference_db)
        rate = self.sample_rate / PAPER_MEL.hop_length
        length = self.window_columns
        if window_seconds is not None:
            length = max(round(window_seconds * rate), 1)
        embeds = [
            self.sound_encoder(sliding_windows(columns, some, length))
            for some in (times * rate).split(_BATCH)
        ]
        return F.normalize(torch.cat(embeds), dim=-1).to(waveform.device)

    def park(self) -> None:
        """See :meth:`soundini.joint.protocol.ParksTowers.park`."""
        self.sound_encoder.to("cpu")
        self.clip.park_text()


def _read(folder: Path) -> dict[str, Tensor]:
    path = folder / _WEIGHTS
    try:
        return load_file(path)
    except Exception as error:  # a damaged file fails in the parser, in any way a parser can
        raise ModelError(f"cannot read {path}; import its checkpoint again") from error
