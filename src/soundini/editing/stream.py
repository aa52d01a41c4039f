"""The edit of any number of frames: windows in, finished frames out, memory of one window."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from soundini.baselines.layered_atlases.fitting import FitStep
from soundini.compute import return_memory
from soundini.config.recipe import Recipe
from soundini.diffusion.sampling import SamplingStep
from soundini.editing.coherence import CoherenceMeter
from soundini.editing.intensity import opacity
from soundini.editing.methods import edit_window, evaluations, settings_for_method
from soundini.editing.plan import Window
from soundini.editing.sound_track import SoundTrack
from soundini.editing.window import WindowInputs
from soundini.events import EditDone, EditEvent, FitStepDone, FrameDone, MasksReady, StepDone
from soundini.flow.pairs import estimate_pairs
from soundini.flow.smooth import smooth_along
from soundini.media.geometry import mask_to_model, paste_change, to_model
from soundini.packs.pack import ModelPack

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
) -> Generator[EditEvent, None, None]:
    """Edit a stream of frames window by window.

    Windows overlap by a few frames, which are cross-faded; the finished frame before a window anchors it through
    L_flow; the noise depends on the frame alone. No more than one window of frames is held.

    Args:
        pack: the models.
        frames: native frames, ``uint8 [H, W, 3]``.
        masks: feathered native masks, float32 ``[H, W]`` in [0, 1]; where one is 0 the frame is not touched.
        track: the sound, laid along the frames.
        windows: the plan, from :func:`soundini.editing.plan.plan_windows`.
        recipe: settings.
        first_index: index in the video of the first frame; the noise depends on it.

    Yields:
        :class:`MasksReady`, then :class:`FitStepDone` (where the method fits something), :class:`StepDone` and
        :class:`FrameDone` as they come, then :class:`EditDone`.
    """
    began = time.perf_counter()
    recipe = settings_for_method(recipe)
    steps = evaluations(recipe, pack.denoiser.schedule.num_timesteps)
    busy = [w for w in windows if w.box is not None and _audible(track, w)]
    total = steps * len(busy)
    yield MasksReady(windows[-1].stop, len(windows), total, windows[0].size)
    source = zip(frames, masks, strict=True)
    meter = CoherenceMeter()
    held: list[_Buffered] = []
    before: _Buffered | None = None
    losses: dict[str, float] = {}
    done = 0
    for number, window in enumerate(windows):
        fresh = [_Buffered(rgb, mask, rgb) for rgb, mask in islice(source, len(window) - len(held))]
        overlap, batch = len(held), held + fresh
        if window.box is not None and _audible(track, window):
            inputs = _inputs(pack, window, batch, before, track, first_index)
            step: SamplingStep | None = None
            for made in edit_window(pack, inputs, recipe):
                if isinstance(made, FitStep):
                    yield FitStepDone(number, made.index + 1, made.total, _read_back(made.losses))
                    continue
                step = made
                done += 1
                losses = _read_back(step.diagnostics) or losses
                yield StepDone(number, done, total, losses, _preview(step.pred_xstart))
            assert step is not None
            change = step.x.clamp(-1, 1) - inputs.source
            if recipe.guidance.lambda_flow:
                change = smooth_along(change, inputs.own_pairs(), recipe.guidance.settle)
            edited = inputs.source + change
            shown = opacity(inputs.strength)
            _measure(meter, inputs, edited, shown)
            batch = [
                _pasted(frame, edited[i], inputs.source[i], window, float(shown[i]), i, overlap)
                for i, frame in enumerate(batch)
            ]
        keep = windows[number + 1].start if number + 1 < len(windows) else window.stop
        ready = batch[: keep - window.start]
        for i, frame in enumerate(ready):
            yield FrameDone(window.start + i, frame.edited)
        before, held = (ready[-1] if ready else before), batch[keep - window.start :]
        return_memory()
    yield EditDone(windows[-1].stop, time.perf_counter() - began, meter.figures(), losses)


def _audible(track: SoundTrack, window: Window) -> bool:
    return bool((track.strength[window.start : window.stop] > 0).any())


def _inputs(
    pack: ModelPack,
    window: Window,
    batch: Sequence[_Buffered],
    before: _Buffered | None,
    track: SoundTrack,
    first_index: int,
) -> WindowInputs:
    """Bring a window to the model's resolution and measure its flow."""
    assert window.box is not None
    device = next(pack.denoiser.parameters()).device
    box, size = window.box, window.size
    source = to_model(np.stack([f.rgb for f in batch]), box, size, device=device)
    mask = mask_to_model(np.stack([f.mask for f in batch]), box, size, device=device)
    anchor = anchor_source = None
    if before is not None:
        anchor = to_model(before.edited[None], box, size, device=device)
        anchor_source = to_model(before.rgb[None], box, size, device=device)
    scene = source if anchor_source is None else torch.cat([anchor_source, source])
    embeds, strength = track.window(window.start, window.stop)
    return WindowInputs(
        indices=tuple(range(first_index + window.start, first_index + window.stop)),
        source=source,
        mask=(mask * _FULL_MASK).clamp(0, 1),
        sound_embeds=embeds.to(device),
        strength=strength.to(device),
        pairs=estimate_pairs(scene, pack.flow),
        anchor=anchor,
    )


def _pasted(
    frame: _Buffered,
    edited: Tensor,
    source: Tensor,
    window: Window,
    shown: float,
    index: int,
    overlap: int,
) -> _Buffered:
    """Lay the change into the native frame; in an overlap, fade from the window before."""
    assert window.box is not None
    new = paste_change(frame.rgb, edited, source, shown * frame.mask, window.box)
    if index < overlap:
        share = (index + 1) / (overlap + 1)
        blend = (1 - share) * frame.edited.astype(np.float32) + share * new.astype(np.float32)
        new = np.rint(blend).astype(np.uint8)
    return _Buffered(frame.rgb, frame.mask, new)


def _measure(meter: CoherenceMeter, inputs: WindowInputs, edited: Tensor, shown: Tensor) -> None:
    """Measure the frames as they will be seen: the change at its opacity."""
    source, mask = inputs.source, inputs.mask
    seen = source + shown.view(-1, 1, 1, 1) * mask * (edited - source)
    meter.add(source, seen, inputs.own_pairs(), mask)


def _read_back(figures: Mapping[str, Tensor]) -> dict[str, float]:
    """Figures of a step as numbers, brought from the device in one go."""
    if not figures:
        return {}
    return dict(zip(figures, torch.stack(list(figures.values())).tolist(), strict=True))


def _preview(pred_xstart: Tensor) -> np.ndarray:
    middle = pred_xstart[len(pred_xstart) // 2].clamp(-1, 1)
    return ((middle + 1) * 127.5).byte().permute(1, 2, 0).cpu().numpy()
