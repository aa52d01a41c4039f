"""The edit of any number of frames: windows in, finished frames out, memory of one window."""

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from soundini.baselines.layered_atlases.fitting import FitStep
from soundini.compute import return_memory
from soundini.config.recipe import Recipe
from soundini.editing.draft import begins_at_draft, draw_drafts
from soundini.editing.fading import amount_is_drawn, fade_from, opacity
from soundini.editing.figures import CoherenceMeter, SeamMeter, WarpSums, warp_sums
from soundini.editing.keeping import (
    FinishedWindow,
    Keeper,
    KeepsNothing,
    Patch,
    RunningWindow,
)
from soundini.editing.keyframes import at_keyframes, carry_change
from soundini.editing.methods import METHODS, edit_window, evaluations
from soundini.editing.motion import EffectMotion
from soundini.editing.plan import Window
from soundini.editing.sound_track import SoundTrack
from soundini.editing.window import OwnTerm, WindowInputs, effect_pairs
from soundini.events import EditDone, EditEvent, FitStepDone, FrameDone, MasksReady, StepDone
from soundini.flow.along import settle
from soundini.flow.pairs import FlowPairs, estimate_pairs
from soundini.geometry import (
    edit_size,
    enlarge,
    mask_to_model,
    paste_change,
    soften,
    to_model,
)
from soundini.packs.pack import ModelPack

_LEAST_SHOWN = 0.1
"""Opacity below which what a window made of a frame cannot be told from how it is seen."""
_FULL_MASK = 3.0
"""The sampled region reaches full strength at a third of the feather: the paste, not the sampler, makes the soft edge."""


@dataclass(frozen=True)
class _Buffered:
    """A native frame on its way through: ``rgb`` is the source, ``edited`` what windows so far made of it."""

    rgb: np.ndarray
    mask: np.ndarray
    edited: np.ndarray


def edit_frames(
    pack: ModelPack,
    frames: Iterable[np.ndarray],
    masks: Iterable[np.ndarray],
    track: SoundTrack,
    windows: Sequence[Window],
    recipe: Recipe,
    first_index: int = 0,
    keeper: Keeper | None = None,
    motion: EffectMotion | None = None,
    own_terms: Sequence[OwnTerm] = (),
) -> Generator[EditEvent, None, None]:
    """Edit a stream of frames window by window.

    Windows overlap by a few frames, over which one gives way to the next; the finished frame before a window anchors it
    through L_flow; the noise depends on the frame alone. Where a window has keyframes only they are sampled, and the frames
    between take their change. No more than one window of frames is held.

    Args:
        pack: the models.
        frames: native frames, ``uint8 [H, W, 3]``.
        masks: feathered native masks, float32 ``[H, W]`` in [0, 1]; where one is 0 the frame is not touched.
        track: the sound, laid along the frames.
        windows: the plan, from :func:`soundini.editing.plan.plan_windows`.
        recipe: settings.
        first_index: index in the video of the first frame; the noise depends on it.
        keeper: remembers what is done and gives it back to an edit that goes on; the frames are the same either way.
        motion: how the effects of the frames move by themselves, from :func:`soundini.editing.motion.effect_motion`; None
            where they do not.
        own_terms: guidance terms that join those of the recipe.

    Yields:
        :class:`MasksReady`, then :class:`FitStepDone` (where the method fits something), :class:`StepDone` and
        :class:`FrameDone` as they come, then :class:`EditDone`.
    """
    recipe = METHODS[recipe.method].settings(recipe)
    steps = evaluations(recipe, pack)
    total = steps * sum(is_edited(window, track) for window in windows)
    keeper = keeper or KeepsNothing()
    edit = _Edit(pack, track, recipe, first_index, keeper, motion, tuple(own_terms), total)
    yield MasksReady(windows[-1].stop, len(windows), total, windows[0].size)
    source = zip(frames, masks, strict=True)
    meter, seams = CoherenceMeter(), SeamMeter(windows)
    held: list[_Buffered] = []
    before: _Buffered | None = None
    losses: Mapping[str, float] = {}
    seconds, done = 0.0, 0
    for number, window in enumerate(windows):
        fresh = [_Buffered(rgb, mask, rgb) for rgb, mask in islice(source, len(window) - len(held))]
        batch = held + fresh
        if is_edited(window, track):
            shared = held if number and is_edited(windows[number - 1], track) else []
            progress = _Progress(number, done, losses)
            finished = yield from _finished_window(edit, window, batch, before, shared, progress)
            meter.add(finished.warp)
            losses, seconds, done = finished.losses, seconds + finished.seconds, done + steps
            edited = zip(batch, finished.patches, strict=True)
            batch = [replace(frame, edited=patch.laid_on(frame.rgb)) for frame, patch in edited]
        keep = windows[number + 1].start if number + 1 < len(windows) else window.stop
        ready = batch[: keep - window.start]
        for i, frame in enumerate(ready, window.start):
            seams.add(i, frame.rgb, frame.edited, frame.mask)
            yield FrameDone(i, frame.edited)
        before, held = (ready[-1] if ready else before), batch[keep - window.start :]
        return_memory()
    yield EditDone(windows[-1].stop, seconds, meter.figures(), losses, seams.figures())


@dataclass(frozen=True)
class _Edit:
    """What all windows of an edit have in common; ``total`` counts the network evaluations of all of them."""

    pack: ModelPack
    track: SoundTrack
    recipe: Recipe
    first_index: int
    keeper: Keeper
    motion: EffectMotion | None
    own_terms: tuple[OwnTerm, ...]
    total: int


@dataclass(frozen=True)
class _Progress:
    """How far the edit is when a window begins: the window's number, the evaluations done, the latest losses."""

    number: int
    done: int
    losses: Mapping[str, float]


def _finished_window(
    edit: _Edit,
    window: Window,
    batch: Sequence[_Buffered],
    before: _Buffered | None,
    shared: Sequence[_Buffered],
    progress: _Progress,
) -> Generator[EditEvent, None, FinishedWindow]:
    """Take a window from the keeper, or edit it now and give it to the keeper."""
    finished = edit.keeper.finished(progress.number)
    if finished is None:
        inputs = _inputs(edit, window, batch, before)
        finished = yield from _edit_window(edit, inputs, window, batch, shared, progress)
        edit.keeper.keep_finished(progress.number, finished)
    return finished


def _edit_window(
    edit: _Edit,
    inputs: WindowInputs,
    window: Window,
    batch: Sequence[_Buffered],
    shared: Sequence[_Buffered],
    progress: _Progress,
) -> Generator[EditEvent, None, FinishedWindow]:
    """Sample a window and lay its change into the native frames."""
    pack, recipe = edit.pack, edit.recipe
    running = edit.keeper.running(progress.number) if METHODS[recipe.method].resumes else None
    began = time.perf_counter() - (running.seconds if running is not None else 0.0)
    keyframes = at_keyframes(inputs, window, pack.flow)
    x, losses = yield from _sample(edit, keyframes, progress, running, began)
    change = x.clamp(-1, 1) - keyframes.base
    change = carry_change(change, keyframes, inputs, window, pack.flow)
    effect = effect_pairs(inputs, pack.denoiser.unshuffle)
    if recipe.guidance.lambda_flow:
        change = settle(change, inputs.own_pairs(), effect, recipe.guidance.settle)
    edited = inputs.base + change
    shown = opacity(inputs.strength, amount_is_drawn(pack, recipe))
    earlier = _earlier(shared, inputs.source, window, shown)
    if earlier is not None:
        fade = recipe.window.fade if recipe.guidance.lambda_flow else 0
        edited = fade_from(edited, earlier, effect or inputs.own_pairs(), fade)
    patches = _patches(inputs, edited, shown, window, batch, recipe.region.detail)
    warp = _measure(inputs, edited, shown, effect)
    return FinishedWindow(patches, losses, warp, time.perf_counter() - began)


def _sample(
    edit: _Edit,
    keyframes: WindowInputs,
    progress: _Progress,
    running: RunningWindow | None,
    began: float,
) -> Generator[EditEvent, None, tuple[Tensor, Mapping[str, float]]]:
    """Sample a window from its beginning, or from where it was stopped; return the frames and the last losses."""
    losses, state = progress.losses, None
    if running is not None:
        losses, state = running.losses, running.sampling.to(keyframes.source.device)
    done = progress.done + (state.index if state is not None else 0)
    x = state.x if state is not None else keyframes.source
    resumes = METHODS[edit.recipe.method].resumes
    for step in edit_window(edit.pack, keyframes, edit.recipe, state):
        if isinstance(step, FitStep):
            fitted = _read_back(step.losses)
            yield FitStepDone(progress.number, step.index + 1, step.total, fitted)
            continue
        done, x = done + 1, step.x
        losses = _read_back(step.diagnostics) or losses
        if resumes:
            kept = RunningWindow(step.state, losses, time.perf_counter() - began)
            edit.keeper.keep_running(progress.number, kept)
        yield StepDone(progress.number, done, edit.total, losses, _preview(step.pred_xstart))
    return x, losses


def _patches(
    inputs: WindowInputs,
    edited: Tensor,
    shown: Tensor,
    window: Window,
    batch: Sequence[_Buffered],
    detail: int,
) -> list[Patch]:
    """Paste the change of every frame into its native frame."""
    assert window.box is not None
    patches = []
    for i, frame in enumerate(batch):
        seen, drawn = inputs.source[i], edited[i]
        own = _at_own_size(inputs, i, frame, window, detail)
        if own is not None:
            seen, draft = own
            added = soften(drawn - inputs.base[i])
            drawn = draft + enlarge(added, (draft.shape[-2], draft.shape[-1]))
        weight = float(shown[i]) * frame.mask
        made = paste_change(frame.rgb, drawn, seen, weight, window.box)
        patches.append(Patch.between(frame.rgb, made))
    return patches


def is_edited(window: Window, track: SoundTrack) -> bool:
    """Whether a window has a mask and a sound; others stay as they are, and cost nothing."""
    return window.box is not None and bool((track.strength[window.start : window.stop] > 0).any())


def _inputs(
    edit: _Edit, window: Window, batch: Sequence[_Buffered], before: _Buffered | None
) -> WindowInputs:
    """Bring a window to the model's resolution and measure its flow."""
    assert window.box is not None
    pack, motion = edit.pack, edit.motion
    device = next(pack.denoiser.parameters()).device
    box, size = window.box, window.size
    source = to_model(np.stack([f.rgb for f in batch]), box, size, device=device)
    mask = mask_to_model(np.stack([f.mask for f in batch]), box, size, device=device)
    anchor = anchor_source = None
    if before is not None:
        anchor = to_model(before.edited[None], box, size, device=device)
        anchor_source = to_model(before.rgb[None], box, size, device=device)
    scene = source if anchor_source is None else torch.cat([anchor_source, source])
    embeds, strength = edit.track.window(window.start, window.stop)
    return WindowInputs(
        indices=tuple(range(edit.first_index + window.start, edit.first_index + window.stop)),
        source=source,
        mask=(mask * _FULL_MASK).clamp(0, 1),
        sound_embeds=embeds.to(device),
        strength=strength.to(device),
        pairs=estimate_pairs(scene, pack.flow),
        anchor=anchor,
        motion=None if motion is None else motion.of(slice(window.start, window.stop)),
        own_terms=edit.own_terms,
        draft_seed=edit.recipe.seed if begins_at_draft(pack, edit.recipe) else None,
    )


def _at_own_size(
    inputs: WindowInputs, i: int, frame: _Buffered, window: Window, detail: int
) -> tuple[Tensor, Tensor] | None:
    """A frame and its draft at the pixels that the region has, each ``[3, H, W]``; None where there is no draft."""
    assert window.box is not None
    box, motion, seed = window.box, inputs.motion, inputs.draft_seed
    size = edit_size(box, min(detail, max(box.width, box.height)), 1)
    scale = max(size) / max(window.size)
    if motion is None or seed is None or not inputs.strength[i]:
        return None
    device = inputs.source.device
    source = to_model(frame.rgb[None], box, size, device=device)
    mask = mask_to_model(frame.mask[None], box, size, device=device)
    mask, strength = (mask * _FULL_MASK).clamp(0, 1), inputs.strength[i : i + 1]
    draft = draw_drafts(source, mask, strength, motion.of([i]), seed, scale)
    return source[0], draft[0]


def _earlier(
    shared: Sequence[_Buffered], source: Tensor, window: Window, shown: Tensor
) -> Tensor | None:
    """What the window before made of the frames that both share; None where there are none, or too little of it shows."""
    if window.box is None or not shared or float(shown[len(shared) - 1]) < _LEAST_SHOWN:
        return None
    edited = np.stack([f.edited for f in shared])
    seen = to_model(edited, window.box, window.size, device=source.device)
    weight = shown[: len(shared)].clamp_min(_LEAST_SHOWN).view(-1, 1, 1, 1)
    change = (seen - source[: len(shared)]) / weight
    return (source[: len(shared)] + change).clamp(-1, 1)


def _measure(
    inputs: WindowInputs, edited: Tensor, shown: Tensor, effect: FlowPairs | None
) -> WarpSums:
    """Measure the frames as they will be seen: the change at its opacity."""
    source, mask = inputs.source, inputs.mask
    seen = source + shown.view(-1, 1, 1, 1) * mask * (edited - source)
    return warp_sums(source, seen, inputs.own_pairs(), mask, effect)


def _read_back(figures: Mapping[str, Tensor]) -> dict[str, float]:
    """Figures of a step as numbers, brought from the device in one go."""
    if not figures:
        return {}
    return dict(zip(figures, torch.stack(list(figures.values())).tolist(), strict=True))


def _preview(pred_xstart: Tensor) -> np.ndarray:
    middle = pred_xstart[len(pred_xstart) // 2].clamp(-1, 1)
    return ((middle + 1) * 127.5).byte().permute(1, 2, 0).cpu().numpy()
