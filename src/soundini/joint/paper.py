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
from soundini.joint.paper_spectrogram import REFERENCE_DB, paper_front_end
from soundini.joint.resnet import WAV2CLIP_FRONT_END, ResNetSoundEncoder, Wav2ClipSoundEncoder
from soundini.joint.spectrogram import FrontEnd, sliding_windows
from soundini.joint.swin import SwinSoundEncoder
from soundini.joint.vipant import VIPANT_FRONT_END, VipAntSoundEncoder
from soundini.settings_files import read_json

_ENCODERS = {
    "swin_audio": (SwinSoundEncoder, None),
    "resnet18_audio": (ResNetSoundEncoder, None),
    "vipant_audio": (VipAntSoundEncoder, VIPANT_FRONT_END),
    "wav2clip_audio": (Wav2ClipSoundEncoder, WAV2CLIP_FRONT_END),
}
"""Each encoder, and its front end; None for that of the paper."""

_WEIGHTS = "model.safetensors"
_BATCH = 16


class PaperJointSpace(nn.Module):
    """CLIP's image and text towers, and a sound encoder trained into their space.

    Args:
        clip: the towers of CLIP.
        sound_encoder: ``[B, bands, window_columns]`` -> ``[B, dim]``.
        front_end: makes the bands; None for that of the paper's encoders.
        window_columns: columns that one embedding hears; None for what the encoder was trained on. Shorter
            windows follow the sound more closely.
        reference_db: of the paper's front end, see :func:`soundini.joint.paper_spectrogram.decibel_image`.
        sound_name: what the sound encoder is called in the registry of weights.
    """

    def __init__(
        self,
        clip: ClipTowers,
        sound_encoder: nn.Module,
        *,
        front_end: FrontEnd | None = None,
        window_columns: int | None = None,
        reference_db: float | None = REFERENCE_DB,
        sound_name: str = "",
    ) -> None:
        super().__init__()
        self.clip = clip.eval().requires_grad_(False)
        self.sound_encoder = sound_encoder.eval().requires_grad_(False)
        self.front_end = front_end or paper_front_end(reference_db)
        self.window_columns = window_columns or self.front_end.window_columns
        self.sound_name = sound_name
        self.dim = clip.dim
        self.image_size = clip.image_size
        self.sample_rate = self.front_end.sample_rate
        self.window_seconds = self.window_columns / self.front_end.columns_per_second

    @classmethod
    def from_folders(
        cls,
        clip: Path,
        sound: Path,
        *,
        window_columns: int | None = None,
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
            name = read_json(sound / "config.json")["format"]
            encoder, front_end = _ENCODERS[name]
            sound_encoder = encoder.from_state(_read(sound))
        except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ModelError(
                "cannot load the sound encoder in {sound}: {why}; import its checkpoint again",
                sound=sound,
                why=reason,
            ) from error
        return cls(
            towers,
            sound_encoder,
            front_end=front_end,
            window_columns=window_columns,
            reference_db=reference_db,
            sound_name=name,
        )

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
        front = self.front_end
        columns = front.spectrogram(waveform.to(device))
        rate = front.columns_per_second
        length = self.window_columns
        if window_seconds is not None:
            length = max(round(window_seconds * rate), 1)
        embeds = [
            self.sound_encoder(sliding_windows(columns, some, length))
            for some in ((times - front.first_column) * rate).split(_BATCH)
        ]
        return F.normalize(torch.cat(embeds), dim=-1).to(waveform.device)

    def parkable(self) -> list[nn.Module]:
        """See :meth:`soundini.joint.protocol.ParksTowers.parkable`."""
        return [self.sound_encoder, *self.clip.text_parts()]

    def park(self) -> None:
        """See :meth:`soundini.joint.protocol.ParksTowers.park`."""
        self.sound_encoder.to("cpu")
        self.clip.park_text()


def _read(folder: Path) -> dict[str, Tensor]:
    path = folder / _WEIGHTS
    try:
        return load_file(path)
    except Exception as error:  # a damaged file fails in the parser, in any way a parser can
        raise ModelError("cannot read {file}; import its checkpoint again", file=path) from error
