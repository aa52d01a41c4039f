"""Edits a video file: the code that touches the disk."""

import time
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import asdict

from soundini.compute import pick_device, pick_dtype
from soundini.config.recipe import ComputeConfig, JointConfig
from soundini.editing.cost import fit_to_memory
from soundini.editing.fitting import fit_to_device
from soundini.editing.keeping import Keeper
from soundini.editing.methods import weight_hashes
from soundini.editing.part import PartWithSound, read_part
from soundini.editing.prepared import PreparedEdit
from soundini.editing.request import (
    SELF,
    EditRequest,
    sidecar_path,
    write_sidecar,
)
from soundini.editing.stream import edit_frames
from soundini.errors import MediaError
from soundini.events import EditDone, EditEvent, FileDone, FrameDone, MaskMade
from soundini.generators import finish
from soundini.media.fields import written_fields
from soundini.media.opening import check_readable
from soundini.media.output import check_output, check_target
from soundini.media.planes import written_format
from soundini.media.video_reader import VideoReader
from soundini.media.video_writer import VideoWriter
from soundini.packs.loading import load_pack
from soundini.packs.pack import ModelPack, file_hash


def prepare_edit(request: EditRequest, pack: ModelPack | None = None) -> PreparedEdit:
    """Check every input and plan the work, before anything is computed or written.

    Args:
        request: what is asked.
        pack: models already loaded, or None to load ``request.models``.

    Raises:
        SoundiniError: an input is missing, damaged, or of the wrong kind.
    """
    return finish(preparing_edit(request, pack))


def preparing_edit(
    request: EditRequest, pack: ModelPack | None = None
) -> Generator[MaskMade, None, PreparedEdit]:
    """Do what :func:`prepare_edit` does, and yield its progress; stop iterating to cancel."""
    check_outputs(request)
    part = yield from read_part(request)
    try:
        return _plan(part, load_models(request) if pack is None else pack)
    except BaseException:
        part.close()
        raise


def check_outputs(request: EditRequest) -> None:
    """Refuse a video or a record beside it that cannot be written, before any work is done.

    Raises:
        MediaError: see :func:`soundini.media.output.check_output`.
    """
    check_output(request.output, request.inputs)
    check_target(sidecar_path(request.output), request.inputs)


def load_models(request: EditRequest) -> ModelPack:
    """The models of an edit, on its device and in its dtype.

    Raises:
        ModelError: they cannot be loaded.
        ConfigError: there is no such device.
    """
    compute = request.recipe.compute
    device = pick_device(compute.device)
    dtype = pick_dtype(compute.dtype, device)
    encoder = request.recipe.joint.sound_encoder
    pack = load_pack(
        request.models, device=device, dtype=dtype, flow=compute.flow, sound_encoder=encoder
    )
    if request.recipe.guidance.gradient == "secondary":
        _ = pack.secondary  # raises now if it is missing
    return pack


def _plan(part: PartWithSound, pack: ModelPack) -> PreparedEdit:
    recipe = part.request.recipe
    edit = PreparedEdit(
        request=part.request,
        info=part.info,
        first=part.first,
        times=part.times,
        began=part.began,
        masks=part.masks,
        notes=part.notes,
        pack=pack,
        track=part.lay(pack.joint),
        windows=part.plan(pack.denoiser.stride),
    )
    fitted = fit_to_device(pack, recipe, edit.windows[0].size)
    if fitted != recipe:
        edit = edit.planned(fitted)
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
        pixels = written_format(edit.info) if recipe.output.pixel_format == "source" else None
        reader = stack.enter_context(VideoReader(request.video, planes=pixels))
        writer = stack.enter_context(_writer(edit, pixels, token))
        rgb = (f.rgb for f in reader.frames(edit.first, edit.first + edit.frame_count))
        events = stack.enter_context(
            closing(
                edit_frames(
                    edit.pack,
                    rgb,
                    edit.masks,
                    edit.track,
                    edit.windows,
                    recipe,
                    edit.first,
                    keeper,
                    edit.motion,
                )
            )
        )
        sources = reader.frames(
            edit.first, edit.first + edit.frame_count
        )  # read a second time, so that no frames are kept
        for event in events:
            if isinstance(event, FrameDone):
                here, there = edit.times[event.index : event.index + 2]
                writer.write(event.rgb, here, there - here, next(sources))
            elif isinstance(event, EditDone):
                end = event
            yield event
    assert end is not None
    seconds = time.perf_counter() - began
    sidecar = write_sidecar(request, hash_inputs(request), _record(edit, end, seconds), token)
    yield FileDone(request.output, sidecar, seconds, (*edit.warnings, *writer.warnings))


def _writer(edit: PreparedEdit, pixel_format: str | None, token: str) -> VideoWriter:
    request, recipe = edit.request, edit.request.recipe
    return VideoWriter(
        request.output,
        edit.info,
        pixel_format=pixel_format,
        crf=recipe.output.crf,
        audio=recipe.output.audio,
        sound=edit.track.sound,
        audio_source=request.video,
        track=recipe.sound.track if request.sound == SELF else 0,
        start=edit.began,
        end=edit.began + edit.times[-1],
        fields=written_fields(edit.info, pixel_format),
        token=token,
    )


def _record(edit: PreparedEdit, end: EditDone, seconds: float) -> dict[str, object]:
    temporal = end.temporal
    encoder = {"sound_encoder": edit.pack.sound_encoder} if edit.pack.sound_encoder else {}
    hashes = weight_hashes(edit.pack, edit.request.recipe)
    return {
        "models": {"name": edit.pack.name, **encoder, "sha256": hashes},
        "output": {"sha256": file_hash(edit.request.output), "frames": end.frames},
        "seconds": {"total": round(seconds, 2), "sampling": round(end.seconds, 2)},
        "sound": {
            "heard": {name: round(share, 4) for name, share in edit.heard.items()},
            "heard_as": edit.request.recipe.sound.heard_as or None,
        },
        "losses": dict(end.losses),
        "temporal": None
        if temporal is None
        else {
            "warp_error_source": temporal.source,
            "warp_error_edited": temporal.edited,
            "ratio": temporal.ratio,
        },
        "seams": None if end.seams is None else {**asdict(end.seams), "ratio": end.seams.ratio},
    }


class ModelCache:
    """Keeps the packs that edits asked for, each on its device and in its dtype.

    Args:
        only_last: keep the last pack alone, where memory has no room for two.
    """

    def __init__(self, *, only_last: bool = False) -> None:
        self._only_last = only_last
        self._packs: dict[tuple[str, ComputeConfig, JointConfig], ModelPack] = {}

    def open(self, request: EditRequest) -> ModelPack:
        """Return the models of an edit; load them if they are not here.

        Raises:
            ModelError: they cannot be loaded.
            ConfigError: there is no such device.
        """
        # Neither the memory bound nor the chunk changes what is loaded.
        compute = request.recipe.compute.model_copy(update={"memory": "", "chunk": 0})
        key = request.models, compute, request.recipe.joint
        if key not in self._packs:
            if self._only_last:
                self._packs.clear()
            self._packs[key] = load_models(request)
        return self._packs[key]


def hash_inputs(request: EditRequest) -> dict[str, str]:
    """sha256 of every file that an edit reads; of a folder of masks, of every file in it.

    Raises:
        MediaError: a file is not there any more, or cannot be read.
    """
    hashes = {}
    for path in dict.fromkeys(request.inputs):
        files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        for file in files:
            check_readable(file)  # a pipe or a device has no end
            try:
                hashes[str(file.absolute())] = file_hash(file)
            except OSError as error:
                raise MediaError(
                    "{file}: cannot be read ({why})", file=file, why=error.strerror
                ) from None
    return hashes
