"""Checks and measures the part of a video that a form names, without reading the video."""

from fractions import Fraction

from soundini.errors import ConfigError
from soundini.web.form import EditForm
from soundini.web.views import VideoFacts

_SECONDS = "s"


def part_seconds(form: EditForm, facts: VideoFacts) -> float:
    """Approximate length of the part, in seconds: exact enough to draw with.

    Raises:
        ConfigError: it is empty.
    """
    refuse_empty_part(form, facts)
    end = _moment(form.end, facts, facts.seconds)
    return max(1 / facts.frame_rate, end - part_begin(form, facts))


def part_begin(form: EditForm, facts: VideoFacts) -> float:
    """Approximate begin of the part, in seconds from the beginning of the video."""
    return _moment(form.start, facts, 0.0)


def _moment(bound: str | None, facts: VideoFacts, default: float) -> float:
    if bound is None:
        return default
    if bound.endswith(_SECONDS):
        return min(float(_number(bound)), facts.seconds)
    return min(int(bound) / facts.frame_rate, facts.seconds)


def refuse_empty_part(form: EditForm, facts: VideoFacts) -> None:
    """Refuse a part that ends before it begins or begins after the video ends.

    A frame and a time can be compared only by reading the video, which is done later.

    Raises:
        ConfigError: it is empty.
    """
    start, end = form.start or "0", form.end
    whole = facts.seconds if start.endswith(_SECONDS) else facts.frames
    if _number(start) >= whole:
        raise ConfigError(
            "the video has no frame at {start}; let the part begin earlier", start=start
        )
    alike = end is not None and end.endswith(_SECONDS) == start.endswith(_SECONDS)
    if end is not None and _number(end) <= (_number(start) if alike else 0):
        raise ConfigError(
            "the part from {start} to {end} is empty; let it end later", start=start, end=end
        )


def _number(bound: str) -> Fraction:
    return Fraction(bound.removesuffix(_SECONDS))
