"""The figures of one edited file: how coherent, how faithful, how much like its sound, how well in time with it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.editing.coherence import CoherenceMeter, warp_sums
from soundini.editing.files import PreparedEdit, prepare_edit
from soundini.editing.request import EditRequest
from soundini.errors import ConfigError, MediaError
from soundini.events import PicturesSeen, TemporalFigures
from soundini.flow.pairs import estimate_pairs
from soundini.joint.naming import mean_names
from soundini.judge import Judge
from soundini.media.video_reader import VideoReader
from soundini.metrics.alignment import peak_alignment
from soundini.metrics.fidelity import FidelityMeter
from soundini.metrics.rank import rank_correlation
from soundini.packs.pack import ModelPack

_CHUNK = 8
"""Frames that are held at once; one of them is carried over, for its pair with the next."""

_INFINITE = "inf"
"""JSON has no number for it."""


@dataclass(frozen=True)
class EditMeasures:
    """Figures of an edit beside its source.

    Args:
        sound: class of the sound that the judge is asked for.
        region: frame-to-frame warp error in the region, by the source's flow.
        whole: the same over the whole frame.
        similarity: mean cosine of the judge's features of the region in neighbouring frames: of the source, of the edit.
        psnr_outside: decibels outside the mask; infinite where nothing differs, None where the mask leaves nothing.
        ssim_outside: at most 1.
        loudness: envelope of the sound at each frame, 0 to 1.
        change: mean absolute change of each frame in the region, 0 to 1.
        before: probability of the sound in the region of each source frame, by the judge; None where the mask is empty.
        after: the same after the edit.
    """

    sound: str
    region: TemporalFigures | None
    whole: TemporalFigures | None
    similarity: tuple[float | None, float | None]
    psnr_outside: float | None
    ssim_outside: float | None
    loudness: list[float]
    change: list[float]
    before: list[float | None]
    after: list[float | None]

    def record(self) -> dict[str, Any]:
        """The figures as JSON can hold them; see :meth:`of_record`."""
        content = asdict(self)
        if content["psnr_outside"] == math.inf:
            content["psnr_outside"] = _INFINITE
        return content

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> EditMeasures:
        """The figures of what :meth:`record` gave."""
        content: dict[str, Any] = dict(record)
        for name in ("region", "whole"):
            content[name] = TemporalFigures(**content[name]) if content[name] else None
        if content["psnr_outside"] == _INFINITE:
            content["psnr_outside"] = math.inf
        content["similarity"] = tuple(content["similarity"])
        return cls(**content)

    @property
    def probability(self) -> tuple[float, float]:
        """Mean probability of the sound before and after."""
        before, after = (
            np.mean([p for p in c if p is not None]) for c in (self.before, self.after)
        )
        return float(before), float(after)

    @property
    def follows_loudness(self) -> float:
        """Rank correlation of loudness and change; 0 where either never changes."""
        return rank_correlation(np.array(self.loudness), np.array(self.change))

    @property
    def peaks_align(self) -> float | None:
        """AV-Align of loudness and change, see :func:`soundini.metrics.alignment.peak_alignment`."""
        return peak_alignment(np.array(self.loudness), np.array(self.change))


@dataclass
class _Gathered:
    """What has been measured so far."""

    region: CoherenceMeter = field(default_factory=CoherenceMeter)
    whole: CoherenceMeter = field(default_factory=CoherenceMeter)
    outside: FidelityMeter = field(default_factory=FidelityMeter)
    change: list[float] = field(default_factory=list)
    source: list[Tensor | None] = field(default_factory=list)
    edited: list[Tensor | None] = field(default_factory=list)


def measure_edit(
    request: EditRequest,
    edited: Path,
    judge: Judge,
    sound: str | None = None,
    pack: ModelPack | None = None,
) -> Iterator[PicturesSeen | EditMeasures]:
    """Measure an edited file against the source, mask and sound that its recipe names.

    No figure is by a network that guided the edit. A few frames are held at a time, and some numbers of every frame.

    Args:
        request: of the edit, read from its recipe.
        edited: the edited video.
        judge: says what frames show.
        sound: one of the judge's classes; None for the one that the joint space hears.
        pack: the models of the edit, already loaded; None to load them.

    Yields:
        :class:`PicturesSeen` as frames are measured, :class:`EditMeasures` at the end.

    Raises:
        ConfigError: the judge does not know the sound.
        MediaError: a file cannot be read, or the edited video is not of this edit.
    """
    with closing(prepare_edit(request, pack)) as edit:
        sound = sound or _heard(edit)
        if sound not in judge.classes:
            raise ConfigError(
                f"the judge knows no {sound}; name the sound: {', '.join(judge.classes)}"
            )
        gathered = _Gathered()
        with VideoReader(request.video) as before, VideoReader(edited) as after:
            _require_one_size(before, after, edited)
            first = edit.first
            shown = (f.rgb for f in after.frames())
            source = (f.rgb for f in before.frames(first, first + edit.frame_count))
            frames = zip(source, shown, edit.masks, strict=False)
            carried: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
            done = 0
            while fresh := list(islice(frames, _CHUNK)):
                _measure(gathered, carried, fresh, edit, judge)
                carried, done = fresh[-1:], done + len(fresh)
                yield PicturesSeen(done, edit.frame_count)
            more = next(shown, None) is not None
        if more or done != edit.frame_count:
            has = f"more than {done}" if more else done
            raise MediaError(
                f"{edited} has {has} frames where its recipe edits {edit.frame_count}; name the recipe that made it"
            )
        column = judge.classes.index(sound)
        yield EditMeasures(
            sound=sound,
            region=gathered.region.figures(),
            whole=gathered.whole.figures(),
            similarity=(_similarity(gathered.source), _similarity(gathered.edited)),
            psnr_outside=gathered.outside.psnr,
            ssim_outside=gathered.outside.ssim,
            loudness=edit.track.strength.tolist(),
            change=gathered.change,
            before=_probability(judge, gathered.source, column),
            after=_probability(judge, gathered.edited, column),
        )


def _require_one_size(before: VideoReader, after: VideoReader, path: Path) -> None:
    sizes = [(reader.info.width, reader.info.height) for reader in (before, after)]
    if sizes[0] != sizes[1]:
        was, now = (f"{width}x{height}" for width, height in sizes)
        raise MediaError(f"{path} is {now}, its source {was}; name the recipe that made it")


def _measure(
    gathered: _Gathered,
    carried: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    fresh: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    edit: PreparedEdit,
    judge: Judge,
) -> None:
    source, edited, masks = (np.stack(part) for part in zip(*carried, *fresh, strict=True))
    a, b = (torch.from_numpy(x).movedim(-1, 1).float() / 255 for x in (source, edited))
    mask = torch.from_numpy(masks)[:, None]
    pairs = estimate_pairs(a * 2 - 1, edit.pack.flow)
    gathered.region.add(warp_sums(a * 2 - 1, b * 2 - 1, pairs, (mask > 0).float()))
    gathered.whole.add(warp_sums(a * 2 - 1, b * 2 - 1, pairs, torch.ones_like(mask)))
    for i in range(len(carried), len(source)):
        gathered.outside.add(a[i : i + 1], b[i : i + 1], (mask[i : i + 1] == 0).float())
        area = float(mask[i].sum())
        change = float(((b[i] - a[i]).abs().mean(0) * mask[i, 0]).sum())
        gathered.change.append(change / area if area else 0.0)
        for kept, frames in ((gathered.source, source), (gathered.edited, edited)):
            one = slice(i, i + 1)
            kept.append(judge.region_features(frames[one], masks[one])[0] if area else None)


def _heard(edit: PreparedEdit) -> str:
    """The class that the joint space hears most where there is sound."""
    names = mean_names(edit.pack.joint, edit.track.heard[edit.track.strength > 0])
    if not names:
        raise ConfigError(
            f"the models {edit.pack.name} have no words for sounds; say which it is with --sound-class"
        )
    return next(iter(names))


def _similarity(features: Sequence[Tensor | None]) -> float | None:
    """Mean cosine of the features of neighbouring frames; None where no two neighbours have a region."""
    cosines = [
        F.cosine_similarity(one, two, dim=0)
        for one, two in pairwise(features)
        if one is not None and two is not None
    ]
    return float(torch.stack(cosines).mean()) if cosines else None


def _probability(
    judge: Judge, features: Sequence[Tensor | None], column: int
) -> list[float | None]:
    return [None if f is None else float(judge.weigh(f[None])[0, column]) for f in features]
