"""From a visitor's form to the request of an edit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from soundini.config.presets import load_preset, override
from soundini.config.recipe import Recipe
from soundini.editing.request import SELF, EditRequest, MaskRequest
from soundini.errors import ConfigError, MaskError
from soundini.web.form import EditForm
from soundini.web.forms.masking import mask_request
from soundini.web.limits import Limits
from soundini.web.refusals import about

if TYPE_CHECKING:
    from soundini.media.video_reader import VideoReader

OUTPUT = "edit.mp4"
"""The edited video in the folder of a job."""
_AHEAD, _BEYOND = 0.8, 0.3
"""Seconds of sound before and after a preview that its loudness depends on."""
_FEW = 8


@dataclass(frozen=True)
class Asked:
    """The edit that a form stands for.

    Args:
        request: the edit. For a preview it covers a little more than is shown, so that masks and loudness are as in the whole.
        shown: first frame that is shown and one past the last, counted from the request's first frame; None for all.
    """

    request: EditRequest
    shown: tuple[int, int] | None


@dataclass(frozen=True)
class FormFiles:
    """Paths of the files that a form names, and the folder to write to.

    Args:
        files: path by id.
        folder: of the job; masks and the output are written there.
        size: height and width of the video.
        frames: how many the video has.
        models: the model pack.
    """

    files: Mapping[str, Path]
    folder: Path
    size: tuple[int, int]
    frames: int
    models: str


def files_of(form: EditForm) -> list[str]:
    """The ids of all files that a form names."""
    named = (form.video, form.sound, *(m.file for m in form.masks))
    return [i for i in named if i not in ("", SELF)]


def refuse_gaps(form: EditForm) -> None:
    """Refuse a form that lacks a video, a sound or a mask.

    Raises:
        ConfigError: it does.
    """
    with about("video"):
        if not form.video:
            raise ConfigError("choose a video first")
    with about("sound"):
        if not form.sound:
            raise ConfigError("choose a sound first, or the video's own")
    if not form.has_mask:
        raise MaskError("say what to edit: paint a mask, draw a box or an ellipse, or take it all")


def recipe_of(form: EditForm, limits: Limits) -> Recipe:
    """The settings of a form.

    Raises:
        ConfigError: a setting is unknown, out of range, the server's to choose, or more than is allowed here.
    """
    for assignment in form.settings:
        if assignment.partition("=")[0].split(".")[0].strip() == "compute":
            raise ConfigError(
                "{text!r}: settings of compute are the server's to choose", text=assignment
            )
    recipe = override(load_preset(form.preset), form.settings)
    strength = min(2.0, recipe.guidance.strength * form.strength)
    recipe = override(
        recipe,
        [
            f"seed={form.seed}",
            f"method={form.method}",
            f"guidance.strength={strength!r}",
            f"region.dilate={form.dilate!r}",
            f"region.track={str(form.tracks).lower()}",
            *([] if form.feather is None else [f"region.feather={form.feather!r}"]),
            *([f"sound.heard_as={json.dumps(form.heard_as)}"] if form.heard_as else []),
        ],
    )
    _refuse_excess(recipe, limits)
    return recipe


def _refuse_excess(recipe: Recipe, limits: Limits) -> None:
    steps = recipe.sampling.steps * recipe.sampling.repeats
    if recipe.method == "blended-diffusion":
        steps *= recipe.blended.candidates
    elif recipe.method == "vqgan-clip":
        steps = recipe.vqgan.iterations
    elif recipe.method == "layered-atlases":
        steps = max(steps, recipe.atlases.steps)
    amounts = {
        "steps": (steps, limits.steps),
        "region.size": (recipe.region.size, limits.region_size),
        "window.frames": (recipe.window.frames, limits.window_frames),
        "guidance.augment.views": (recipe.guidance.augment.views, limits.views),
    }
    for name, (value, most) in amounts.items():
        if value > most:
            raise ConfigError(
                "{name}: {value} is more than the {most} that are allowed here",
                name=name,
                value=value,
                most=most,
            )


def ask(form: EditForm, at: FormFiles, limits: Limits) -> Asked:
    """Build the request of a form.

    Raises:
        SoundiniError: the form cannot be carried out. Only the times of the video are read for that.
    """
    recipe, video = recipe_of(form, limits), at.files[form.video]
    request = EditRequest(
        video=video,
        sound=SELF if form.sound == SELF else str(at.files[form.sound]),
        output=at.folder / OUTPUT,
        mask=MaskRequest(),
        recipe=recipe,
        models=at.models,
        start=form.start,
        end=form.end,
    )
    if form.scope == "all":
        mask = mask_request(form, at.files, at.folder, at.size)
        return Asked(request.model_copy(update={"mask": mask}), None)
    from soundini.media.video_reader import VideoReader

    with VideoReader(video) as reader:
        return _ask_for_a_few(form, request, at, reader)


def _ask_for_a_few(
    form: EditForm, request: EditRequest, at: FormFiles, reader: VideoReader
) -> Asked:
    from soundini.editing.part import part_of

    first, stop = part_of(reader, form.start, form.end)
    count = (at.frames if stop is None else min(stop, at.frames)) - first
    if not first <= form.at < first + count:
        raise ConfigError(
            "frame {frame} is not in the part that is edited, {first} to {last}; choose one of these",
            frame=form.at,
            first=first,
            last=first + count - 1,
        )
    if form.scope == "frame":
        begin, end = form.at - first, form.at - first + 1
    else:
        begin = max(0, min(form.at - first - _FEW // 2, count - _FEW))
        end = min(count, begin + _FEW)
    times = _times(reader, first, count, end)
    low = next(i for i in range(begin + 1) if times[begin] - times[i] <= _AHEAD)
    high = next(
        i for i in range(len(times), end - 1, -1) if times[i - 1] - times[end - 1] <= _BEYOND
    )
    astray = [m.frame for m in form.masks if not first <= m.frame < first + count]
    if astray and form.tracks:
        raise MaskError(
            "there is a mask for frame {frame}, but the frames edited are {first} to {last}; move "
            "the mask to one of them",
            frame=astray[0],
            first=first,
            last=first + count - 1,
        )
    low, high = _with_keyframes(form, first, low, high, begin, end)
    offset = request.recipe.sound.offset
    if form.sound != SELF:  # the video's own begins where its part begins
        offset -= float(times[low] - times[0])
    nearer = {
        "recipe": override(request.recipe, [f"sound.offset={offset!r}"]),
        "mask": mask_request(form, at.files, at.folder, at.size, (first + low, first + high)),
        "start": str(first + low),
        "end": str(first + high),
    }
    return Asked(request.model_copy(update=nearer), (begin - low, end - low))


def _times(reader: VideoReader, first: int, count: int, end: int) -> list[Fraction]:
    """Times of a part's frames, as many as a preview up to ``end`` needs: the rest need not be decoded."""
    times: list[Fraction] = []
    for time in islice(reader.times(), first, first + count):
        times.append(time)
        if len(times) > end and time - times[end - 1] > _BEYOND:
            break
    return times


def _with_keyframes(
    form: EditForm, first: int, low: int, high: int, begin: int, end: int
) -> tuple[int, int]:
    """Extend a stretch to the keyframes around it, so that tracked masks come out as in the whole part."""
    if not form.tracks:
        return low, high
    if not form.masks:  # a shape is drawn on the first frame of the part
        return 0, high
    frames = sorted(mask.frame - first for mask in form.masks)
    before = [i for i in frames if i <= begin]
    after = [i for i in frames if i >= end - 1]
    low = min(low, before[-1] if before else low)
    high = max(high, after[0] + 1 if after else high)
    return low, high
