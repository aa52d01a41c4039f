"""Interprets the values of mask pictures: a soft mask, labels of objects, colours on black, or an alpha channel."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from soundini.errors import MaskError, Message, Option

Form = Literal["grey", "index", "integer", "float", "colour"]

_ALPHA_USED = 127
"""Highest alpha of a transparent pixel; an alpha channel without one is not in use."""
_LARGEST_LABEL = 15
"""Of 255: compression leaves noise near black up to this level, and no soft mask is that faint everywhere."""
_LONGEST_COUNT = 31
"""Most labels that follow each other without a gap (0, 1, 2, ...); more values are the steps of a soft edge."""
_MOST_LABELS = 256
_DEEP = 65535
_LARGEST_DEEP_LABEL, _MOST_DEEP_LABELS = 3900, 24
"""Of 16 bits: up to the first, black for a soft mask; as many as the second may go further, as 1000 times a class does."""
_SATURATED = 32
"""A pixel is coloured if its largest and smallest channels differ by this many levels."""
_BLACK = 32
_COLOUR_STEP = 32
_NAMED = 8
_NEARLY = 0.9
"""Share of white above which compressed white lies."""
_MOST_EXACT = 64
"""Most colours of a picture that was drawn and not compressed with loss."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A mask picture as the file has it.

    Args:
        values: grey levels, indices into a palette, integers, floats, or red, green and blue.
        form: which of these.
        alpha: the alpha channel, 0 to 255, where there is one.

    Shape:
        ``values``: ``[H, W]``, colours ``[H, W, 3]``; ``alpha``: ``[H, W]``.
    """

    values: np.ndarray
    form: Form
    alpha: np.ndarray | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.values.shape[0], self.values.shape[1]


@dataclass
class _Seen:
    """The values of all pictures of one form."""

    least: float = 0.0
    largest: float = 0.0
    values: set[int] = field(default_factory=set)
    whole: bool = True
    colours: set[tuple[int, ...]] = field(default_factory=set)
    brightest_colour: int = 0
    has_black: bool = False
    exact: set[int] = field(default_factory=set)


class Meaning:
    """Decides from all pictures of a mask what their values mean, so that all are read alike.

    Args:
        name: of the mask, for messages.
        label: the one label that is edited; 0 for all.
    """

    def __init__(self, name: object, label: int = 0) -> None:
        self._name = name
        self._label = label
        self._seen: dict[Form, _Seen] = {}
        self._uses_alpha = False

    def see(self, picture: Picture) -> bool:
        """Add a picture; all pictures of a mask are added before the first is read.

        Returns:
            Whether it is clearly black and white, or transparent and opaque.

        Raises:
            MaskError: it holds NaN.
        """
        if picture.alpha is not None and int(picture.alpha.min()) <= _ALPHA_USED:
            self._uses_alpha = True
            return bool((picture.alpha > _ALPHA_USED).any())
        seen = self._seen.setdefault(picture.form, _Seen())
        values = picture.values
        if picture.form == "colour":
            _see_colours(seen, values)
            seen.largest = max(seen.largest, float(values.max()))
            if len(seen.exact) <= _MOST_EXACT:
                seen.exact.update(np.unique(_packed(values))[: _MOST_EXACT + 1].tolist())
            return bool((values > 200).any() and (values.max(-1) < _BLACK).any())
        if picture.form == "float" and not np.isfinite(values).all():
            raise MaskError(
                "the mask {file} holds NaN or infinite values; save it again", file=self._name
            )
        seen.least = min(seen.least, float(values.min()))
        seen.largest = max(seen.largest, float(values.max()))
        if len(seen.values) <= _MOST_LABELS and seen.whole:
            found = np.unique(values)
            seen.whole = picture.form != "float" or bool((found == np.rint(found)).all())
            seen.values.update(int(v) for v in found[: 4 * _MOST_LABELS])
        return picture.form == "grey" and bool((values > 200).any() and (values < _BLACK).any())

    def mask(self, picture: Picture) -> np.ndarray:
        """The mask of a picture, float32 ``[H, W]`` in [0, 1]."""
        if self._label:
            return self._one_label(picture)
        if self._uses_alpha and picture.alpha is not None:
            return picture.alpha.astype(np.float32) / 255
        seen, values = self._seen[picture.form], picture.values
        if picture.form == "colour":
            return self._colours(seen, values)
        if picture.form == "index" or self._are_labels(picture.form):
            return (values > 0).astype(np.float32)
        if picture.form == "float" and seen.largest <= 1:
            return np.clip(values, 0, 1).astype(np.float32)
        return snapped(values.astype(np.float32) / self._full(picture.form))

    def notes(self) -> Iterator[Message]:
        """Assumptions about ambiguous values, one line each."""
        if self._label or self._uses_alpha:
            return
        for form, seen in self._seen.items():
            labels = sorted(v for v in seen.values if v > 0)
            named = _named(labels) if seen.whole else f"{seen.least:.3g} to {seen.largest:.3g}"
            if (form == "index" or self._are_labels(form)) and (
                len(labels) > 1 or (form == "integer" and labels not in ([], [1]))
            ):
                yield Message(
                    "the mask {file} holds the labels {labels}; all of them are edited, {option} picks one",
                    {"file": self._name, "labels": named, "option": Option("region.label")},
                )
            elif form == "colour" and len(seen.colours) > 1 and seen.has_black:
                yield Message(
                    "the mask {file} holds {count} colours; all but black is edited",
                    {"file": self._name, "count": len(seen.colours)},
                )
            elif form == "colour" and not seen.has_black and seen.colours:
                yield Message(
                    "the mask {file} is in colour and has no black; its brightness is taken for the mask",
                    {"file": self._name},
                )
            elif form not in ("colour", "index") and self._is_unlike_grey(form):
                yield Message(
                    "the mask {file} holds the values {values}; they are taken for shades of grey, {option} picks one",
                    {"file": self._name, "values": named, "option": Option("region.label")},
                )

    def _is_unlike_grey(self, form: Form) -> bool:
        """Whether a mask that is read as grey may hold labels: it is faint throughout, or has few values and no white."""
        seen = self._seen[form]
        full = 1 if form == "float" and seen.largest <= 1 else self._full(form)
        few = seen.whole and 2 < len(seen.values) <= _NAMED and seen.largest < _NEARLY * full
        return seen.largest > 0 and not self._are_labels(form) and (few or seen.largest <= full / 2)

    def _are_labels(self, form: Form) -> bool:
        """Whether integers are labels of objects and not shades of grey."""
        seen = self._seen[form]
        if form in ("colour", "index") or not seen.whole or not seen.values:
            return False
        count = len(seen.values)
        counted = seen.values == set(range(count)) and 1 < count <= _LONGEST_COUNT + 1
        few = count <= _MOST_LABELS
        if form == "grey":
            return few and (seen.largest <= _LARGEST_LABEL or counted)
        if form == "float":
            return few and seen.largest > 1 and seen.largest != 255
        # More than eight bits: grey goes up to the end of the scale, or has many steps.
        few = few and (seen.largest <= _LARGEST_DEEP_LABEL or count <= _MOST_DEEP_LABELS)
        return few and (seen.largest not in (255, _DEEP) or counted)

    def _full(self, form: Form) -> float:
        """The value that is white."""
        largest = self._seen[form].largest
        if form == "grey":
            return 255
        if form == "float":
            return 255 if 1 < largest <= 255 else max(1.0, largest)
        return 255 if largest <= 255 else max(_DEEP, largest)

    def _one_label(self, picture: Picture) -> np.ndarray:
        if picture.form == "colour":
            raise MaskError(
                "the mask {file} is in colour and has no labels to pick one of; save it with a palette, "
                "or as numbers",
                file=self._name,
            )
        labels = sorted(v for v in self._seen[picture.form].values if v > 0)
        if self._label not in labels:
            if not labels:
                raise MaskError(
                    "the mask {file} has no labels; leave {option} out",
                    file=self._name,
                    option=Option("region.label"),
                )
            raise MaskError(
                "the mask {file} has no label {label}, only {labels}; choose another with {option}",
                file=self._name,
                label=self._label,
                labels=_named(labels),
                option=Option("region.label"),
            )
        return (picture.values == self._label).astype(np.float32)

    @staticmethod
    def _colours(seen: _Seen, values: np.ndarray) -> np.ndarray:
        if 0 in seen.exact and len(seen.exact) <= _MOST_EXACT and seen.largest < _BLACK:
            return (values.max(-1) > 0).astype(np.float32)
        if not seen.colours or not seen.has_black:
            return snapped(values.astype(np.float32).mean(-1) / 255)
        brightness = values.max(-1).astype(np.float32)
        if len(seen.colours) == 1:
            return snapped(np.minimum(brightness / seen.brightest_colour, 1))
        return np.clip((brightness - _BLACK / 2) / _BLACK, 0, 1)


def _named(labels: list[int]) -> str:
    return ", ".join(map(str, labels[:_NAMED])) + (", ..." if len(labels) > _NAMED else "")


def _packed(rgb: np.ndarray) -> np.ndarray:
    """Each colour as one number."""
    return rgb.astype(np.int32) @ np.array([65536, 256, 1], np.int32)


def snapped(grey: np.ndarray) -> np.ndarray:
    """Snap values near black and near white, which compression leaves, to black and white."""
    return np.clip((grey - 0.06) / 0.88, 0, 1).astype(np.float32)


def _see_colours(seen: _Seen, rgb: np.ndarray) -> None:
    """Count the colours of a picture that cover more than an edge."""
    largest = rgb.max(-1)
    seen.has_black = seen.has_black or bool((largest < _BLACK).any())
    saturated = largest.astype(np.int16) - rgb.min(-1) >= _SATURATED
    bright = largest >= _BLACK
    area = int(bright.sum())
    if not saturated.any() or saturated.sum() < 0.05 * area:
        return
    pixels = rgb[bright] if (bright & ~saturated).sum() > 0.2 * area else rgb[saturated]
    steps, counts = np.unique(pixels // _COLOUR_STEP, axis=0, return_counts=True)
    common = steps[counts >= 0.02 * counts.sum()]
    # Shades of one colour, as at its edge, are that colour.
    strong = common.astype(np.float32) / np.maximum(common.max(-1, keepdims=True), 1)
    found = {tuple(int(v) for v in np.rint(shade * 2)) for shade in strong}
    seen.colours |= found
    seen.brightest_colour = max(seen.brightest_colour, int(np.percentile(largest[bright], 98)))


def check_levels(path: Path, masks: Iterator[np.ndarray], inverted: bool) -> None:
    """Refuse masks that are all black or all white; reads no more of them than needed.

    Raises:
        MaskError: all are black, or all are white.
    """
    some_white, some_black = inverted, False
    for mask in masks:
        some_white = some_white or bool(mask.any())
        some_black = some_black or bool(mask.min() <= 0.5)
        if some_white and some_black:
            return
    if not some_white:
        raise MaskError(
            "the mask {file} is empty: nothing in it is white; white is what is edited, or black "
            "with {option}",
            file=path,
            option=Option("region.invert"),
        )
    if inverted:
        raise MaskError(
            "the mask {file} is white everywhere, and with {option} nothing is edited; leave "
            "{option} out",
            file=path,
            option=Option("region.invert"),
        )
    raise MaskError(
        "the mask {file} is white everywhere; if you mean the whole frame, use {option}",
        file=path,
        option=Option("whole_frame"),
    )
