"""Editing a video file: everything that touches the disk, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from fractions import Fraction
from itertools import pairwise, takewhile
from pathlib import Path

import numpy as np

from soundini.compute import pick_device, pick_dtype
from soundini.config.presets import load_preset
from soundini.config.recipe import Recipe
from soundini.editing.cost import fit_to_memory
from soundini.editing.keeping import Keeper
from soundini.editing.mask_spool import MaskSpool
from soundini.editing.masking import make_masks
from soundini.editing.plan import plan_windows
from soundini.editing.prepared import PreparedEdit
from soundini.editing.request import (
    EditRequest,
    MaskRequest,
    sidecar_path,
    write_sidecar,
)
from soundini.editing.sound_track import lay_sound
from soundini.editing.stream import edit_frames
from soundini.errors import ConfigError, MediaError
from soundini.events import EditDone, EditEvent, FileDone, FrameDone
from soundini.media.output import check_output
from soundini.media.sound import load_sound
from soundini.media.video_reader import VideoReader
from soundini.media.video_writer import VideoWriter
from soundini.packs.pack import ModelPack, file_hash, load_pack


def prepare_edit(request: EditRequest, pack: ModelPack | None = None) -> PreparedEdit:
    """Check every input and plan the work, before anything is computed or written.

    Args:
        request: what is asked.
        pack: models already loaded, or None to load ``request.models``.

    Raises:
        SoundiniError: an input is missing, damaged, or of the wrong kind.
    """
    recipe = request.recipe
    check_output(request.output, [p for p in request.inputs if p.exists()])
    sound = load_sound(request.sound_path)
    with VideoReader(request.video) as reader:
        info = reader.info
        first, stop = part_of(reader, request.start, request.end)
        masks, times, durations = _spool_masks(reader, request, first, stop)
        began = times[0]
        ends = (*times[1:], times[-1] + durations[-1])
    if pack is None:
        device = pick_device(recipe.compute.device)
        pack = load_pack(
            request.models,
            device=device,
            dtype=pick_dtype(recipe.compute.dtype, device),
            flow=recipe.compute.flow,
        )
    relative = tuple(t - began for t in (times[0], *ends))
    middles = [float((a + b) / 2) for a, b in pairwise(relative)]
    track = lay_sound(sound, middles, float(relative[-1]), pack.joint, recipe.sound)
    windows = plan_windows(
        masks.bounds,
        (info.height, info.width),
        recipe.region,
        recipe.window,
        pack.denoiser.stride,
    )
    edit = PreparedEdit(request, pack, info, first, relative, began, masks, track, tuple(windows))
    return fit_to_memory(edit) if recipe.compute.memory else edit


def run_edit(
    edit: PreparedEdit,
    keeper: Keeper | None = None,
    token: str = "",
) -> Generator[EditEvent, None, None]:
    """Do a prepared edit and write its output and its sidecar; stop iterating to cancel, and nothing half-written is left.

    Args:
        edit: what to do.
        keeper: remembers what is done, so that an edit that was stopped goes on.
        token: names the output while it grows; an edit that goes on replaces what a killed one left.

    Yields:
        The events of :func:`soundini.editing.stream.edit_frames`, then :class:`soundini.events.FileDone`.
    """
    request, recipe = edit.request, edit.request.recipe
    began = time.perf_counter()
    end: EditDone | None = None
    with ExitStack() as stack:
        stack.callback(edit.close)
        reader = stack.enter_context(VideoReader(request.video))
        writer = stack.enter_context(
            VideoWriter(
                request.output,
                edit.info,
                crf=recipe.output.crf,
                audio=recipe.output.audio,
                sound=edit.track.sound,
                audio_source=request.video,
                start=edit.began,
                end=edit.began + edit.times[-1],
                token=token,
            )
        )
        rgb = (f.rgb for f in reader.frames(edit.first, edit.first + edit.frame_count))
        events = stack.enter_context(
            closing(
                edit_frames(
                    edit.pack, rgb, edit.masks, edit.track, edit.windows, recipe, edit.first, keeper
                )
            )
        )
        for event in events:
            if isinstance(event, FrameDone):
                here, there = edit.times[event.index : event.index + 2]
                writer.write(event.rgb, here, there - here)
            elif isinstance(event, EditDone):
                end = event
            yield event
    assert end is not None
    seconds = time.perf_counter() - began
    hashes = {path: file_hash(path) for path in request.inputs if path.is_file()}
    sidecar = write_sidecar(request, hashes, _record(edit, end, seconds), token)
    yield FileDone(request.output, sidecar, seconds, writer.warnings)


def edit_file(
    video: str | Path,
    sound: str | Path,
    output: str | Path,
    *,
    recipe: Recipe | str = "fast",
    models: str = "embedded",
    start: str | None = None,
    end: str | None = None,
    **mask: object,
) -> Path:
    """Edit a video file from Python, as ``soundini edit`` does.

    Args:
        video: any video that FFmpeg reads.
        sound: an audio file, a video with an audio track, or ``"self"``.
        output: the MP4 to write.
        recipe: settings, or the name of a preset.
        models: ``embedded``, ``debug`` or a pack's folder.
        start: first frame (``"48"``) or time (``"2.0s"``).
        end: one past the last frame, or time.
        **mask: the fields of :class:`~soundini.editing.request.MaskRequest`, such as ``box="0.2,0.2,0.5,0.5"``.

    Returns:
        The path of the recipe written beside the output.

    Raises:
        SoundiniError: an input cannot be used; the message says what to do.
    """
    request = EditRequest(
        video=Path(video),
        sound=str(sound),
        output=Path(output),
        mask=MaskRequest.model_validate(mask),
        recipe=load_preset(recipe) if isinstance(recipe, str) else recipe,
        models=models,
        start=start,
        end=end,
    )
    for _ in run_edit(prepare_edit(request)):
        pass
    return sidecar_path(request.output)


def part_of(reader: VideoReader, start: str | None, end: str | None) -> tuple[int, int | None]:
    """First frame and one past the last (None: to the end) of a part named in frames or seconds.

    Raises:
        ConfigError: a bound is neither, or the part is empty.
    """
    first = _bound(reader, start, "start") if start is not None else 0
    stop = _bound(reader, end, "end") if end is not None else None
    if stop is not None and stop <= first:
        raise ConfigError(f"the part from {start or 0} to {end} is empty; --end lies after --start")
    return first, stop


def _bound(reader: VideoReader, text: str, name: str) -> int:
    try:
        if text.endswith("s"):
            value = Fraction(text.removesuffix("s"))
            index = sum(1 for _ in takewhile(lambda time: time < value, reader.times()))
        else:
            value = index = int(text)
        if value >= 0:
            return index
    except (ValueError, ZeroDivisionError):
        pass
    raise ConfigError(f"--{name} {text!r} is neither a frame (48) nor a time (2.0s)")


def _spool_masks(
    reader: VideoReader, request: EditRequest, first: int, stop: int | None
) -> tuple[MaskSpool, list[Fraction], list[Fraction]]:
    """One pass over the part: its times, and its masks."""
    times: list[Fraction] = []
    durations: list[Fraction] = []

    def frames() -> Iterator[np.ndarray]:
        for frame in reader.frames(first, stop):
            times.append(frame.time)
            durations.append(frame.duration)
            yield frame.rgb
        if not times:
            raise MediaError(
                f"{request.video} has no frame at {request.start}; choose an earlier --start"
            )

    spool = MaskSpool(make_masks(request.mask, request.recipe.region, reader.info, frames(), first))
    return spool, times, durations


def _record(edit: PreparedEdit, end: EditDone, seconds: float) -> dict[str, object]:
    temporal = end.temporal
    return {
        "models": {"name": edit.pack.name, "sha256": edit.pack.weight_hashes()},
        "output": {"sha256": file_hash(edit.request.output), "frames": end.frames},
        "seconds": {"total": round(seconds, 2), "sampling": round(end.seconds, 2)},
        "losses": dict(end.losses),
        "temporal": None
        if temporal is None
        else {
            "warp_error_source": temporal.source,
            "warp_error_edited": temporal.edited,
            "ratio": temporal.ratio,
        },
        "seams": None
        if end.seams is None
        else {
            "border": end.seams.border,
            "elsewhere": end.seams.elsewhere,
            "ratio": end.seams.ratio,
        },
    }
