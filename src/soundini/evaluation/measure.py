"""Measuring one edited file: how coherent, how faithful, how much like its sound, how well in time with it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.compute import pick_device
from soundini.editing.figures import CoherenceMeter, warp_sums
from soundini.editing.part import EditPart, read_part
from soundini.editing.request import EditRequest
from soundini.editing.sound_track import SoundTrack
from soundini.errors import ConfigError, MediaError, Option
from soundini.evaluation.measures import EditMeasures
from soundini.events import PicturesSeen
from soundini.flow.pairs import estimate_pairs
from soundini.flow.protocol import FlowEstimator
from soundini.generators import finish
from soundini.joint.naming import mean_names
from soundini.judge import Judge
from soundini.judge.region import region_crops
from soundini.media.video_reader import VideoReader
from soundini.metrics.meters import FidelityMeter, MotionMeter
from soundini.packs.loading import load_senses
from soundini.packs.pack import Senses
from soundini.perceptual import PerceptualDistance, load_perceptual

_CHUNK = 8
"""Frames that are held at once; one of them is carried over, for its pair with the next."""


@dataclass(frozen=True, eq=False)
class _Observers:
    """Networks that see the frames, and what each is for."""

    senses: Senses
    heard: Tensor
    judge: Judge
    perceptual: PerceptualDistance


@dataclass
class _Gathered:
    """What has been measured so far."""

    region: CoherenceMeter = field(default_factory=CoherenceMeter)
    whole: CoherenceMeter = field(default_factory=CoherenceMeter)
    motion: MotionMeter = field(default_factory=MotionMeter)
    outside: FidelityMeter = field(default_factory=FidelityMeter)
    perceptual: list[float] = field(default_factory=list)
    change: list[float] = field(default_factory=list)
    source: list[Tensor | None] = field(default_factory=list)
    edited: list[Tensor | None] = field(default_factory=list)
    scores: list[tuple[float, float]] = field(default_factory=list)


def measure_edit(
    request: EditRequest,
    edited: Path,
    judge: Judge,
    sound: str | None = None,
    senses: Senses | None = None,
) -> Iterator[PicturesSeen | EditMeasures]:
    """Measure an edited file against the source, mask and sound that its recipe names.

    But for the joint score, no figure is by a network that guided the region. A few frames are held at a time, and some
    numbers of every frame. The prior is not needed and not loaded.

    Args:
        request: of the edit, read from its recipe.
        edited: the edited video.
        judge: says what frames show.
        sound: one of the judge's classes, or two of a sound that turns (``fire-to-rain``); None for the one that the
            user named, or else the joint space hears.
        senses: the models of the edit, already loaded; None to load what is needed of them.

    Yields:
        :class:`PicturesSeen` as frames are measured, :class:`EditMeasures` at the end.

    Raises:
        ConfigError: the judge does not know the sound.
        MediaError: a file cannot be read, or the edited video is not of this edit.
    """
    with closing(finish(read_part(request))) as part:
        compute = request.recipe.compute
        if senses is None:
            device = pick_device(compute.device)
            senses = load_senses(
                request.models,
                device=device,
                flow=compute.flow,
                sound_encoder=request.recipe.joint.sound_encoder,
            )
        track = part.lay(senses.joint)
        sound = sound or _heard(senses, track)
        columns = judge.columns(sound)  # one it does not know is refused before the work
        perceptual = load_perceptual("auto", senses.perceptual_folder)
        assert perceptual is not None
        observers = _Observers(senses, track.meant, judge, perceptual)
        gathered = yield from _look(part, edited, observers)
        yield _summed_up(gathered, observers, sound, columns, track.strength)


def _look(part: EditPart, edited: Path, by: _Observers) -> Generator[PicturesSeen, None, _Gathered]:
    """Measure every frame of the part beside the edited file's.

    Raises:
        MediaError: the file is of another size or length.
    """
    gathered = _Gathered()
    with VideoReader(part.request.video) as before, VideoReader(edited) as after:
        _require_one_size(before, after, edited)
        shown = (f.rgb for f in after.frames())
        source = (f.rgb for f in before.frames(part.first, part.first + part.frame_count))
        frames = zip(source, shown, part.masks, strict=False)
        carried: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        done = 0
        while fresh := list(islice(frames, _CHUNK)):
            _measure(gathered, carried, fresh, by)
            carried, done = fresh[-1:], done + len(fresh)
            yield PicturesSeen(done, part.frame_count)
        more = next(shown, None) is not None
    if more or done != part.frame_count:
        has = f"more than {done}" if more else done
        raise MediaError(
            "{edited} has {has} frames where its recipe edits {frame_count}; name the recipe that "
            "made it",
            edited=edited,
            has=has,
            frame_count=part.frame_count,
        )
    return gathered


def _summed_up(
    gathered: _Gathered, by: _Observers, sound: str, columns: Sequence[int], strength: Tensor
) -> EditMeasures:
    """The figures of all frames; ``columns`` are the judge's for the sound, in the order in which it turns."""
    first, second = columns[0], columns[-1]
    chances = [_chances(by.judge, features) for features in (gathered.source, gathered.edited)]
    before, after = ([None if p is None else float(p[columns].sum()) for p in c] for c in chances)
    turn = [None if p is None else float(p[second] - p[first]) for p in chances[1]]
    scores = [_mean([pair[side] for pair in gathered.scores]) for side in (0, 1)]
    return EditMeasures(
        sound=sound,
        region=gathered.region.figures(),
        whole=gathered.whole.figures(),
        motion=gathered.motion.mean,
        similarity=(_similarity(gathered.source), _similarity(gathered.edited)),
        psnr_outside=gathered.outside.psnr,
        ssim_outside=gathered.outside.ssim,
        perceptual=by.perceptual.name,
        perceptual_outside=_mean(gathered.perceptual),
        loudness=strength.tolist(),
        change=gathered.change,
        before=before,
        after=after,
        turn=turn if len(columns) > 1 else [],
        joint_score=(scores[0], scores[1]),
    )


def _require_one_size(before: VideoReader, after: VideoReader, path: Path) -> None:
    sizes = [(reader.info.width, reader.info.height) for reader in (before, after)]
    if sizes[0] != sizes[1]:
        was, now = (f"{width}x{height}" for width, height in sizes)
        raise MediaError(
            "{file} is {now}, its source {was}; name the recipe that made it",
            file=path,
            now=now,
            was=was,
        )


def _measure(
    gathered: _Gathered,
    carried: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    fresh: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    by: _Observers,
) -> None:
    source, edited, masks = (np.stack(part) for part in zip(*carried, *fresh, strict=True))
    a, b = (torch.from_numpy(x).movedim(-1, 1).float() / 255 for x in (source, edited))
    mask = torch.from_numpy(masks)[:, None]
    _measure_pairs(gathered, a * 2 - 1, b * 2 - 1, (mask > 0).float(), by.senses.flow)
    for i in range(len(carried), len(source)):
        one = slice(i, i + 1)
        outside = (mask[one] == 0).float()
        gathered.outside.add(a[one], b[one], outside)
        if outside.any():
            was, now = ((frames[one] * 2 - 1) * outside for frames in (a, b))
            gathered.perceptual.append(float(by.perceptual(now, was, outside)))
        area = float(mask[i].sum())
        change = float(((b[i] - a[i]).abs().mean(0) * mask[i, 0]).sum())
        gathered.change.append(change / area if area else 0.0)
        for kept, frames in ((gathered.source, source), (gathered.edited, edited)):
            kept.append(by.judge.region_features(frames[one], masks[one])[0] if area else None)
        if area:
            heard = by.heard[len(gathered.change) - 1]
            scores = [_score(by.senses, f[one], masks[one], heard) for f in (source, edited)]
            gathered.scores.append((scores[0], scores[1]))


def _measure_pairs(
    gathered: _Gathered, source: Tensor, edited: Tensor, region: Tensor, flow: FlowEstimator
) -> None:
    """Measure pairs of neighbouring frames: warp errors by the source's flow, and how the edit's own flow differs from it."""
    pairs = estimate_pairs(source, flow)
    gathered.region.add(warp_sums(source, edited, pairs, region))
    gathered.whole.add(warp_sums(source, edited, pairs, torch.ones_like(region)))
    side = min(source.shape[-2:])
    for i, (before, after) in enumerate(pairwise(edited.split(1))):
        one = slice(i, i + 1)
        seen = pairs.visible_fwd[one] * region[one]
        gathered.motion.add(pairs.flow_fwd[one] / side, flow(before, after) / side, seen)


@torch.no_grad()
def _score(senses: Senses, frame: np.ndarray, mask: np.ndarray, heard: Tensor) -> float:
    crop = region_crops(frame, mask, senses.joint.image_size).to(heard.device)
    return float(F.cosine_similarity(senses.joint.embed_images(crop)[0], heard, dim=0))


def _heard(senses: Senses, track: SoundTrack) -> str:
    """The class that the edit goes by most where there is sound."""
    names = mean_names(senses.joint, track.meant[track.strength > 0])
    if not names:
        raise ConfigError(
            "the models {name} have no words for sounds; say which it is with {option}",
            name=senses.name,
            option=Option("sound_class"),
        )
    return next(iter(names))


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _similarity(features: Sequence[Tensor | None]) -> float | None:
    """Mean cosine of the features of neighbouring frames; None where no two neighbours have a region."""
    cosines = [
        float(F.cosine_similarity(one, two, dim=0))
        for one, two in pairwise(features)
        if one is not None and two is not None
    ]
    return _mean(cosines)


def _chances(judge: Judge, features: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Probabilities of every class in each frame."""
    return [None if f is None else judge.weigh(f[None])[0] for f in features]
