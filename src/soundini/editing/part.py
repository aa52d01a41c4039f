"""The part of a video that is edited: its times, masks and sound. No model is needed."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise, takewhile

import numpy as np

from soundini.editing.masking import MaskSpool, make_masks
from soundini.editing.plan import Window, plan_windows
from soundini.editing.request import SELF, EditRequest
from soundini.editing.sound_track import SoundTrack, lay_sound
from soundini.errors import ConfigError, MediaError, Message, Option
from soundini.events import MaskMade
from soundini.joint.protocol import JointSpace
from soundini.media.fields import written_fields
from soundini.media.joined import left_out
from soundini.media.limits import SOUND_SECONDS
from soundini.media.opening import open_input
from soundini.media.planes import COMMON, RGB, written_format
from soundini.media.sound import Sound, load_sound, require_audible
from soundini.media.tracks import choose_track, describe_tracks
from soundini.media.video_info import VideoInfo
from soundini.media.video_reader import VideoReader

_LONGEST_BOUND = 40
"""Longest text of a frame or a time."""
_LONGEST_WINDOW = 10
"""Seconds of sound that a frame hears, of the models that hear most."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EditPart:
    """The part of a video that an edit is of.

    Args:
        request: what was asked.
        info: the source video.
        first: index in the video of the first edited frame.
        times: time of each frame of the part, seconds from its first; one more for the end of the last.
        began: source time of the first frame.
        masks: the masks, one for each frame.
        notes: what was assumed of the inputs, one line each.
    """

    request: EditRequest
    info: VideoInfo
    first: int
    times: tuple[Fraction, ...]
    began: Fraction
    masks: MaskSpool
    notes: tuple[Message, ...] = ()

    @property
    def frame_count(self) -> int:
        """Frames of the part."""
        return len(self.times) - 1

    def plan(self, stride: int) -> tuple[Window, ...]:
        """Plan the windows by the request's settings, see :func:`soundini.editing.plan.plan_windows`.

        Args:
            stride: of the network that samples them, in pixels.
        """
        recipe, size = self.request.recipe, (self.info.height, self.info.width)
        return tuple(plan_windows(self.masks.bounds, size, recipe.region, recipe.window, stride))

    def close(self) -> None:
        """Drop the spooled masks."""
        self.masks.close()


@dataclass(frozen=True, eq=False, kw_only=True)
class PartWithSound(EditPart):
    """A part and its sound, read and checked; no model is needed for it.

    Args:
        sound: as the file has it.
    """

    sound: Sound

    def lay(self, joint: JointSpace) -> SoundTrack:
        """What each frame hears, see :func:`soundini.editing.sound_track.lay_sound`."""
        middles = [float((a + b) / 2) for a, b in pairwise(self.times)]
        began = float(self.began) if self.request.sound == SELF else 0.0
        sound = self.request.recipe.sound
        return lay_sound(self.sound, middles, float(self.times[-1]), joint, sound, began)


def read_part(request: EditRequest) -> Generator[MaskMade, None, PartWithSound]:
    """Read and check an edit's sound, masks and times; stop iterating to give it up.

    Yields:
        :class:`~soundini.events.MaskMade` for each frame: masks that follow the picture take longer than reading it.

    Raises:
        SoundiniError: an input is missing, damaged, or of the wrong kind.
    """
    with VideoReader(request.video) as reader:
        info = reader.info
        first, stop = part_of(reader, request.start, request.end)
        sound = _load(request, reader, first, stop)
        notes = [*_track_notes(request), *_picture_notes(request, info)]
        masks, times, durations = yield from _spool_masks(reader, request, first, stop, notes)
    began = times[0]
    ends = (*times[1:], times[-1] + durations[-1])
    relative = tuple(t - began for t in (began, *ends))
    if relative[-1] > SOUND_SECONDS.value:  # a damaged file may claim an endless frame
        masks.close()
        what = Message("the part to edit lasts {seconds:.0f} s", {"seconds": float(relative[-1])})
        raise SOUND_SECONDS.exceeded(request.video, what)
    return PartWithSound(
        request=request,
        sound=sound,
        info=info,
        first=first,
        times=relative,
        began=began,
        masks=masks,
        notes=tuple(notes),
    )


def _load(request: EditRequest, reader: VideoReader, first: int, stop: int | None) -> Sound:
    """The sound, as far as the part needs it; a sound that repeats is needed whole.

    Raises:
        MediaError: it cannot be read, or what is needed of it is too long.
    """
    settings, path = request.recipe.sound, request.sound_path
    if settings.loop:
        return _audible(load_sound(path, track=settings.track), request)
    begin, end = _span(request, reader, first, stop)
    shift = settings.offset + (0.0 if request.sound == SELF else begin)
    around = max(settings.window, _LONGEST_WINDOW) / 2
    around = min(around, max(0.0, (SOUND_SECONDS.value - (end - begin)) / 2))
    start, stop_at = max(0.0, begin - shift - around), max(0.0, end - shift) + around
    # A truncated video is edited as far as it goes; the loudness of a truncated sound is unknown.
    needed = max(0.0, end - shift) if request.sound == SELF else None
    sound = load_sound(path, start=start, end=stop_at, needed=needed, track=settings.track)
    return _audible(sound, request)


def _span(
    request: EditRequest, reader: VideoReader, first: int, stop: int | None
) -> tuple[float, float]:
    """When the part begins and when it ends, in seconds."""
    times: list[Fraction] = []
    try:
        for time in islice(reader.times(), first, None if stop is None else stop + 1):
            times.append(time)
    except MediaError:  # the frame after the part tells when the part ends, and may be damaged
        if stop is None or len(times) < stop - first:
            raise
    if not times:
        raise _astray(request)
    begin, end = float(times[0]), float(times[-1])
    if stop is None or len(times) <= stop - first:  # to the end of the last frame
        end += float(1 / reader.info.frame_rate)
        end = max(end, float(reader.info.duration or 0)) if stop is None else end
    return begin, end


def _audible(sound: Sound, request: EditRequest) -> Sound:
    track = request.recipe.sound.track
    path = request.sound_path
    named = Message("sound track {track} of {file}", {"track": track, "file": path})
    require_audible(sound, named if track else path)
    return sound


def _track_notes(request: EditRequest) -> Iterator[Message]:
    """Note which of several sound tracks is used if none was asked for."""
    path, wanted = request.sound_path, request.recipe.sound.track
    with open_input(path) as container:
        if wanted or len(container.streams.audio) < 2:
            return
        there = describe_tracks(container)
    chosen = (choose_track(path) or 0) + 1
    yield Message(
        "{file}: sound track {track} is heard, of {there}; {option} chooses another",
        {"file": path, "track": chosen, "there": there, "option": Option("sound.track")},
    )


def _picture_notes(request: EditRequest, info: VideoInfo) -> Iterator[Message]:
    """Note what may look different from what the user expects."""
    for path in dict.fromkeys((request.video, request.sound_path)):
        if (rest := left_out(path)) is not None:
            yield rest
    pixels, even = written_format(info), info.width % 2 == info.height % 2 == 0
    kept = request.recipe.output.pixel_format == "source"
    if info.fields is not None and written_fields(info, pixels if kept else None) is not None:
        yield Message(
            "{file}: is interlaced, so what is written is too, but its two fields are edited as one frame; "
            "where that shows, deinterlace it first, with: ffmpeg -i {file:shell} -vf bwdif out.mp4",
            {"file": request.video},
        )
    elif info.fields is not None:
        yield Message(
            "{file}: is interlaced, and its two fields are edited and written as one frame; "
            "deinterlace it first, with: ffmpeg -i {file:shell} -vf bwdif out.mp4",
            {"file": request.video},
        )
    shown = even or pixels == RGB  # no format of odd size plays everywhere
    if shown and kept and pixels != COMMON:
        yield Message(
            "{file}: the result is {pixels}, as the source is {source}; some players refuse it, "
            "and output.pixel_format=yuv420p writes what all of them play",
            {"file": request.video, "pixels": pixels, "source": info.pixel_format},
        )


def part_of(reader: VideoReader, start: str | None, end: str | None) -> tuple[int, int | None]:
    """First frame and one past the last (None: to the end) of a part named in frames or seconds.

    Raises:
        ConfigError: a bound is neither, or the part is empty.
    """
    first = _bound(reader, start, "start") if start is not None else 0
    stop = _bound(reader, end, "end") if end is not None else None
    if stop is not None and stop <= first:
        if stop == first and _seconds(start) < _seconds(end):
            raise ConfigError(
                "{file} has no frame that begins from {start} to {end}; choose a later {later}",
                file=reader.info.path,
                start=start or 0,
                end=end,
                later=Option("end"),
            )
        raise ConfigError(
            "the part from {start} to {end} is empty; {later} lies after {earlier}",
            start=start or 0,
            end=end,
            later=Option("end"),
            earlier=Option("start"),
        )
    return first, stop


def _seconds(bound: str | None) -> Fraction:
    """A bound in seconds; 0 of one that is a frame or is not there."""
    return (
        Fraction(bound.removesuffix("s"))
        if bound is not None and bound.endswith("s")
        else Fraction(0)
    )


def _bound(reader: VideoReader, text: str, name: str) -> int:
    try:
        if len(text) > _LONGEST_BOUND or "e" in text.lower():
            raise ValueError("1e999999999 takes for ever to make")
        if text.endswith("s"):
            value = Fraction(text.removesuffix("s"))
            index = sum(1 for _ in takewhile(lambda time: time < value, reader.times()))
        else:
            value = index = int(text)
        if value >= 0:
            return index
    except (ValueError, ZeroDivisionError):
        pass
    raise ConfigError(
        "{option} {text!r} is neither a frame (48) nor a time (2.0s)",
        option=Option(name),
        text=text,
    )


def _astray(request: EditRequest) -> MediaError:
    return MediaError(
        "{file} has no frame at {start}; choose an earlier {option}",
        file=request.video,
        start=request.start,
        option=Option("start"),
    )


def _spool_masks(
    reader: VideoReader,
    request: EditRequest,
    first: int,
    stop: int | None,
    notes: list[Message],
) -> Generator[MaskMade, None, tuple[MaskSpool, list[Fraction], list[Fraction]]]:
    """Read the part once: its times and its masks."""
    times: list[Fraction] = []
    durations: list[Fraction] = []

    def frames() -> Iterator[np.ndarray]:
        for frame in reader.frames(first, stop):
            times.append(frame.time)
            durations.append(frame.duration)
            yield frame.rgb
        if not times:
            raise _astray(request)

    ends = [end for end in (reader.info.frame_count, stop) if end is not None]
    total = max(1, min(ends) - first) if ends else None
    spool = MaskSpool()
    try:
        region, info = request.recipe.region, reader.info
        for mask in make_masks(request.mask, region, info, frames(), first, stop, notes):
            spool.add(mask)
            yield MaskMade(len(spool), total)
    except BaseException:
        spool.close()
        raise
    return spool, times, durations
