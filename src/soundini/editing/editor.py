"""The Python face of soundini: one object that holds the models and edits frames."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from soundini.compute import pick_device, pick_dtype
from soundini.config.presets import load_preset, override
from soundini.config.recipe import Recipe
from soundini.editing.motion import effect_motion
from soundini.editing.plan import plan_windows
from soundini.editing.sound_track import lay_sound
from soundini.editing.stream import edit_frames
from soundini.errors import MaskError, MediaError
from soundini.events import EditDone, EditEvent, FrameDone, TemporalFigures
from soundini.masks.refine import bounds, feather
from soundini.media.sound import Sound
from soundini.packs.loading import load_pack
from soundini.packs.pack import ModelPack


@dataclass(frozen=True, eq=False)
class EditResult:
    """An edited clip.

    Args:
        frames: ``uint8``.
        seconds: wall time of the sampling.
        temporal: coherence figures, or None for a single frame.
        losses: the guidance terms at their last step.

    Shape:
        ``frames``: ``[T, H, W, 3]``.
    """

    frames: np.ndarray
    seconds: float
    temporal: TemporalFigures | None
    losses: Mapping[str, float]


class SoundEditor:
    """Edits frames by a sound, inside a mask.

    Args:
        pack: the models; see :meth:`from_pretrained`.

    Example::

        editor = SoundEditor.from_pretrained("embedded")
        result = editor(frames, sound, mask=mask, frame_rate=24, seed=7)
    """

    def __init__(self, pack: ModelPack) -> None:
        self.pack = pack

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path = "embedded",
        *,
        device: str = "auto",
        dtype: str = "auto",
        flow: str = "auto",
        sound_encoder: str = "auto",
    ) -> SoundEditor:
        """Load models.

        Args:
            name: ``embedded`` (inside the package), ``debug`` (tiny and random), or a model pack's folder.
            device: ``auto``, ``cpu``, ``cuda``, ...
            dtype: ``auto``, ``float32`` or ``bfloat16``: arithmetic of the diffusion model.
            flow: ``auto``, ``dis`` or ``raft``.
            sound_encoder: which one a pack of the paper hears with; ``auto`` for the first that is there.

        Raises:
            ModelError: the pack is missing or damaged.
            ConfigError: the device is not there.
        """
        chosen = pick_device(device)
        arithmetic = pick_dtype(dtype, chosen)
        return cls(
            load_pack(name, device=chosen, dtype=arithmetic, flow=flow, sound_encoder=sound_encoder)
        )

    def __call__(
        self,
        frames: np.ndarray,
        sound: Sound | np.ndarray,
        *,
        mask: np.ndarray,
        frame_rate: float = 24.0,
        sample_rate: int | None = None,
        recipe: Recipe | str = "fast",
        seed: int | None = None,
        heard_as: str | None = None,
    ) -> EditResult:
        """Edit a clip; see :meth:`stream` for the arguments.

        Returns:
            The edited frames and the figures of the edit.
        """
        out = np.array(frames)
        end: EditDone | None = None
        for event in self.stream(
            frames,
            sound,
            mask=mask,
            frame_rate=frame_rate,
            sample_rate=sample_rate,
            recipe=recipe,
            seed=seed,
            heard_as=heard_as,
        ):
            if isinstance(event, FrameDone):
                out[event.index] = event.rgb
            elif isinstance(event, EditDone):
                end = event
        assert end is not None
        return EditResult(out, end.seconds, end.temporal, end.losses)

    def stream(
        self,
        frames: np.ndarray,
        sound: Sound | np.ndarray,
        *,
        mask: np.ndarray,
        frame_rate: float = 24.0,
        sample_rate: int | None = None,
        recipe: Recipe | str = "fast",
        seed: int | None = None,
        heard_as: str | None = None,
    ) -> Iterator[EditEvent]:
        """Edit a clip and yield typed events as the work goes on; stop iterating to cancel.

        Args:
            frames: ``uint8`` RGB.
            sound: a :class:`~soundini.media.sound.Sound`, or samples in [-1, 1] with ``sample_rate``.
            mask: 1 = edit, in [0, 1] (or ``uint8`` / bool); one for all frames or one for each. It is feathered here.
            frame_rate: frames a second.
            sample_rate: Hz, when ``sound`` is an array.
            recipe: settings, or the name of a preset.
            seed: overrides the recipe's.
            heard_as: what the sound is (``"rain"``), see :attr:`soundini.config.recipe.SoundConfig.heard_as`; overrides the
                recipe's.

        Shape:
            ``frames``: ``[T, H, W, 3]``; ``sound`` array: ``[N]`` or ``[channels, N]``; ``mask``: ``[H, W]`` or ``[T, H, W]``.

        Raises:
            MediaError: frames or sound of the wrong kind.
            MaskError: the mask is empty or of another size.
            ConfigError: ``heard_as`` cannot be read, or names what the models do not know.
        """
        settings = load_preset(recipe) if isinstance(recipe, str) else recipe
        if seed is not None:
            settings = settings.model_copy(update={"seed": seed})
        if heard_as is not None:
            settings = override(settings, [f"sound.heard_as={json.dumps(heard_as)}"])
        if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
            raise MediaError(
                f"frames must be uint8 [T, H, W, 3], not {frames.dtype} {list(frames.shape)}"
            )
        masks = _as_masks(mask, frames.shape[:3], settings.region.feather)
        windows = plan_windows(
            [bounds(m) for m in masks],
            frames.shape[1:3],
            settings.region,
            settings.window,
            self.pack.denoiser.stride,
        )
        track = lay_sound(
            _as_sound(sound, sample_rate),
            [(i + 0.5) / frame_rate for i in range(len(frames))],
            len(frames) / frame_rate,
            self.pack.joint,
            settings.sound,
        )
        times = [i / frame_rate for i in range(len(frames))]
        motion = effect_motion(self.pack.joint, track, times, settings.sampling)
        yield from edit_frames(self.pack, frames, masks, track, windows, settings, motion=motion)


def _as_sound(sound: Sound | np.ndarray, sample_rate: int | None) -> Sound:
    if isinstance(sound, Sound):
        return sound
    if sample_rate is None:
        raise MediaError("a sound given as an array needs its sample_rate in Hz")
    samples = np.atleast_2d(np.asarray(sound, np.float32))
    if not np.isfinite(samples).all():
        raise MediaError("the sound holds values that are not finite; mend or cut them")
    return Sound(samples, sample_rate)


def _as_masks(mask: np.ndarray, shape: tuple[int, ...], feather_share: float) -> np.ndarray:
    values = np.asarray(mask)
    scaled = values.astype(np.float32) / (255 if values.dtype == np.uint8 else 1)
    if scaled.shape == shape[1:]:
        scaled = np.broadcast_to(scaled, shape)
    if scaled.shape != shape:
        raise MaskError(
            f"the mask is {list(scaled.shape)}, the frames are {list(shape)}; make them equal"
        )
    if not scaled.any():
        raise MaskError("the mask is empty: nothing in it is white; white is what is edited")
    regions = [box for box in map(bounds, scaled) if box is not None]
    radius = feather_share * min(max(r.width for r in regions), max(r.height for r in regions))
    return np.stack([feather(m, radius) for m in scaled])
