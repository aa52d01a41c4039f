"""The Python API: one object that holds the models and edits frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from soundini.compute import pick_device, pick_dtype
from soundini.config.presets import load_preset
from soundini.config.recipe import Recipe
from soundini.editing.motion import effect_motion
from soundini.editing.plan import plan_windows
from soundini.editing.sound_track import lay_sound
from soundini.editing.stream import edit_frames
from soundini.editing.window import OwnTerm
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
        terms: guidance terms of one's own, which join those of the recipe: a :class:`~soundini.WeightedTerm`, or a function
            that makes one for each window from its :class:`~soundini.editing.window.WindowInputs` (source frames, mask, sound
            embeddings).

    Example:
        >>> import numpy as np
        >>> from soundini import Sound, SoundEditor, load_preset
        >>> editor = SoundEditor.from_pretrained("debug")  # "embedded" for models that know sounds
        >>> frames = np.zeros((4, 48, 64, 3), np.uint8)
        >>> mask = np.zeros((48, 64))
        >>> mask[8:40, 16:48] = 1
        >>> noise = Sound(np.random.default_rng(0).normal(0, 0.1, (1, 8000)).astype(np.float32), 16_000)
        >>> recipe = load_preset("fast").replace(sampling__steps=2, region__size=32)
        >>> result = editor(frames, noise, mask=mask, frame_rate=8, recipe=recipe, seed=7)
        >>> result.frames.shape
        (4, 48, 64, 3)
        >>> bool((result.frames[:, :4] == frames[:, :4]).all())  # outside the mask nothing changes
        True
    """

    def __init__(self, pack: ModelPack, *, terms: Sequence[OwnTerm] = ()) -> None:
        self.pack = pack
        self.terms = tuple(terms)

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path = "embedded",
        *,
        device: str = "auto",
        dtype: str = "auto",
        flow: str = "auto",
        sound_encoder: str = "auto",
        terms: Sequence[OwnTerm] = (),
    ) -> SoundEditor:
        """Load models.

        Args:
            name: ``embedded`` (inside the package), ``debug`` (tiny and random), or a model pack's folder.
            device: ``auto``, ``cpu``, ``cuda``, ...
            dtype: ``auto``, ``float32`` or ``bfloat16``: arithmetic of the diffusion model.
            flow: ``auto``, ``dis`` or ``raft``.
            sound_encoder: which one a pack of the paper hears with; ``auto`` for the first that is there.
            terms: guidance terms of one's own, see the class.

        Raises:
            ModelError: the pack is missing or damaged.
            ConfigError: the device is not there.
        """
        chosen = pick_device(device)
        arithmetic = pick_dtype(dtype, chosen)
        pack = load_pack(
            name, device=chosen, dtype=arithmetic, flow=flow, sound_encoder=sound_encoder
        )
        return cls(pack, terms=terms)

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
            settings = settings.replace(seed=seed)
        if heard_as is not None:
            settings = settings.replace(sound__heard_as=heard_as)
        _check_frames(frames)
        masks = _as_masks(mask, frames.shape[:3], settings.region.feather)
        windows = plan_windows(
            [bounds(m) for m in masks],
            frames.shape[1:3],
            settings.region,
            settings.window,
            self.pack.denoiser.stride,
        )
        times = [i / frame_rate for i in range(len(frames))]
        middles = [(i + 0.5) / frame_rate for i in range(len(frames))]
        heard, seconds = _as_sound(sound, sample_rate), len(frames) / frame_rate
        track = lay_sound(heard, middles, seconds, self.pack.joint, settings.sound)
        motion = effect_motion(self.pack.joint, track, times, settings.sampling)
        yield from edit_frames(
            self.pack,
            frames,
            masks,
            track,
            windows,
            settings,
            motion=motion,
            own_terms=self.terms,
        )


def _check_frames(frames: np.ndarray) -> None:
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise MediaError(
            "frames must be uint8 [T, H, W, 3], not {dtype} {shape}",
            dtype=frames.dtype,
            shape=list(frames.shape),
        )


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
            "the mask is {mask}, the frames are {frames}; make them equal",
            mask=list(scaled.shape),
            frames=list(shape),
        )
    if not scaled.any():
        raise MaskError("the mask is empty: nothing in it is white; white is what is edited")
    regions = [box for box in map(bounds, scaled) if box is not None]
    radius = feather_share * min(max(r.width for r in regions), max(r.height for r in regions))
    return np.stack([feather(m, radius) for m in scaled])
