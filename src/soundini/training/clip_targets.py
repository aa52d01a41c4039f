"""Embeddings of clips by a frozen CLIP, computed once and kept on disk."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import center_crop, resize

from soundini.errors import MediaError
from soundini.events import PicturesSeen
from soundini.joint.clip import ClipTowers
from soundini.media.sound import load_sound, require_audible
from soundini.media.video_reader import VideoReader, count_frames
from soundini.training.distributed import Workers
from soundini.training.vggsound import ClipFiles

BLOCK = 256
"""Clips in one file of the cache; an interruption loses at most these."""

BATCH = 64
"""Pictures in a batch."""


@dataclass(frozen=True)
class ClipTargets:
    """Clips that can be trained on, with CLIP's embeddings of their pictures and labels.

    Args:
        clips: those that are whole.
        image: embeddings of their middle frames.
        text: embeddings of their labels.
        damaged: names of the others, and why they are left out.

    Shape:
        ``image``, ``text``: ``[len(clips), D]``, unit length.
    """

    clips: Sequence[ClipFiles]
    image: Tensor
    text: Tensor
    damaged: Mapping[str, str]


@dataclass
class _Stored:
    """What the files of a cache hold, by key."""

    embeds: dict[str, Tensor] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)


class ClipTargetCache:
    """Embeddings of middle frames and labels under one CLIP, in a folder of safetensors files.

    The key is a hash of CLIP's weights, the clip's row in the list, and the size of its files. So embeddings of other weights,
    of another label or of a replaced file are never used. The cache also remembers that a clip is damaged, until its file
    changes.

    Args:
        folder: where the files lie; several data sets may share it.
        clip: the towers.
        clip_sha256: of their weights.
    """

    def __init__(self, folder: Path, clip: ClipTowers, clip_sha256: str) -> None:
        self.folder = folder / clip_sha256[:16]
        self.clip = clip
        self.clip_sha256 = clip_sha256

    def key(self, files: ClipFiles) -> str:
        """The key of a clip."""
        row, sizes = files.clip, [p.stat().st_size for p in (files.video, files.sound)]
        named = [self.clip_sha256, row.youtube_id, row.start, row.label, files.sound.name, *sizes]
        return hashlib.sha256(json.dumps(named).encode()).hexdigest()[:32]

    def fill(
        self,
        clips: Sequence[ClipFiles],
        workers: Workers = Workers(),  # noqa: B008 -- frozen
        *,
        threads: int = 1,
    ) -> Iterator[PicturesSeen]:
        """Compute missing embeddings, a block at a time; a block is written whole or not at all.

        Args:
            clips: the wanted clips.
            workers: the processes that share the work; all return when everything is there.
            threads: how many clips are decoded at once.

        Yields:
            :class:`PicturesSeen` after every clip, counted over this process's share.
        """
        stored = self._stored()
        wanted = {self.key(files): files for files in clips}
        lacking = [k for k in wanted if k not in stored.embeds and k not in stored.damaged]
        mine = lacking[workers.rank :: workers.count]
        with ThreadPoolExecutor(max(threads, 1)) as pool:
            for start in range(0, len(mine), BLOCK):
                keys = mine[start : start + BLOCK]
                pictures: dict[str, Tensor] = {}
                damaged: dict[str, str] = {}
                loaded = pool.map(self._picture, [wanted[key] for key in keys])
                for number, (key, picture) in enumerate(zip(keys, loaded, strict=True), start + 1):
                    if isinstance(picture, MediaError):
                        damaged[key] = str(picture)
                    else:
                        pictures[key] = picture
                    yield PicturesSeen(number, len(mine))
                labels = [wanted[key].clip.label for key in pictures]
                self._write(keys[0], pictures, self._embed(pictures.values(), labels), damaged)
        workers.wait()

    def read(self, clips: Sequence[ClipFiles]) -> ClipTargets:
        """Read what :meth:`fill` has computed.

        Raises:
            MediaError: no clip is whole.
        """
        stored = self._stored()
        keys = [(files, self.key(files)) for files in clips]
        whole = [(files, stored.embeds[key]) for files, key in keys if key in stored.embeds]
        damaged = {f.clip.stem: stored.damaged[k] for f, k in keys if k in stored.damaged}
        if not whole:
            first = next(iter(damaged.values()), "none is there")
            raise MediaError(
                "none of {count} clips can be used; the first: {first}",
                count=len(keys),
                first=first,
            )
        image, text = torch.stack([pair for _, pair in whole]).unbind(1)
        return ClipTargets([files for files, _ in whole], image, text, damaged)

    def _picture(self, files: ClipFiles) -> Tensor | MediaError:
        """The picture of a clip, or the reason why picture or sound cannot be used."""
        try:
            require_audible(load_sound(files.sound), files.sound)
            return clip_image(middle_frame(files.video), self.clip.image_size)
        except MediaError as error:
            return error

    @torch.no_grad()
    def _embed(self, pictures: Collection[Tensor], labels: Sequence[str]) -> Tensor:
        """CLIP's embeddings of pictures and labels, ``[n, 2, D]``."""
        if not pictures:
            return torch.empty(0, 2, self.clip.dim)
        batches = torch.stack(list(pictures)).split(BATCH)
        image = torch.cat([self.clip.embed_images(x.to(self.clip.device)) for x in batches])
        names = sorted(set(labels))
        text = dict(zip(names, self.clip.embed_text(names), strict=True))
        return torch.stack([image, torch.stack([text[label] for label in labels])], 1).cpu()

    def _stored(self) -> _Stored:
        stored = _Stored()
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                with safe_open(path, "pt") as file:
                    notes = file.metadata() or {}
                    keys, damaged = json.loads(notes["keys"]), json.loads(notes["damaged"])
                    rows = file.get_tensor("embeds")
            except (SafetensorError, OSError, KeyError, ValueError):
                continue  # the contents of a damaged file are computed again
            stored.embeds |= dict(zip(keys, rows, strict=True))
            stored.damaged |= damaged
        return stored

    def _write(
        self, name: str, keys: Iterable[str], embeds: Tensor, damaged: Mapping[str, str]
    ) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name}.safetensors"
        partial = path.with_suffix(".partial")
        notes = {"keys": json.dumps(list(keys)), "damaged": json.dumps(dict(damaged))}
        save_file({"embeds": embeds}, partial, notes)
        partial.replace(path)


def middle_frame(path: Path) -> np.ndarray:
    """The frame in the middle of a video, ``uint8 [H, W, 3]``.

    Raises:
        MediaError: the video is damaged, or none.
    """
    middle = count_frames(path) // 2
    with VideoReader(path) as video:
        for frame in video.frames(middle, middle + 1):
            return frame.rgb
    raise MediaError("{file}: has no frame {middle}; download it again", file=path, middle=middle)


def clip_image(rgb: np.ndarray, size: int) -> Tensor:
    """Prepare a picture as in CLIP's training: the short side resized (bicubic), the centre cut out.

    Args:
        rgb: ``uint8 [H, W, 3]``.
        size: side that CLIP takes, pixels.

    Shape:
        returns ``[3, size, size]`` in [-1, 1].
    """
    picture = torch.from_numpy(rgb.copy()).permute(2, 0, 1)
    small = resize(picture, [size], InterpolationMode.BICUBIC, antialias=True)
    return center_crop(small, [size]).float() / 127.5 - 1
