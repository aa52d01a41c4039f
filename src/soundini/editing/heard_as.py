"""What the user says a sound is (``sound.heard_as``), in the classes that the models know."""

import difflib
from collections.abc import Iterable, Sequence

import numpy as np

from soundini.config.written import SaidSound, parse_heard_as
from soundini.errors import ConfigError

CROSS_FADE = 0.5
"""Seconds in which one part of a timeline gives way to the next; less where a part is shorter."""

SYNONYMS = {
    "fire": ("flame", "flames", "burning", "bonfire", "campfire", "fireplace", "crackling"),
    "explosion": ("explosions", "blast", "boom", "bang", "bomb", "detonation"),
    "thunderstorm": ("storm", "thunder", "lightning"),
    "rain": ("raining", "drizzle", "shower", "downpour", "rainfall"),
    "sea": ("ocean", "wave", "waves", "surf", "beach", "seaside"),
    "river": ("stream", "brook", "creek", "waterfall", "rapids"),
    "snow_wind": ("wind", "snow", "breeze", "gale", "blizzard", "snowstorm", "wind and snow"),
    "underwater": ("bubble", "bubbles", "diving", "deep sea", "aquarium"),
    "none": ("nothing", "other", "silence"),
}
"""Common words for the classes of the embedded models."""


def class_of(word: str, classes: Iterable[str]) -> str:
    """The class that a word means.

    Args:
        word: a class or a common word for one, in any case.
        classes: those that are known.

    Raises:
        ConfigError: it is none of them; the message lists the known ones and suggests the nearest.
    """
    known = {_plain(name): name for name in classes}
    words = {other: name for name in known.values() for other in SYNONYMS.get(name, ())} | known
    found = words.get(_plain(word))
    if found is None:
        near = difflib.get_close_matches(_plain(word), words, 1, 0.0)[0]
        raise ConfigError(
            "there is no sound {word!r}; the models know {known}; the nearest is {near}",
            word=word,
            known=", ".join(known.values()),
            near=words[near],
        )
    return found


def said_shares(text: str, moments: Sequence[float], classes: Sequence[str]) -> np.ndarray:
    """How much of each class the sound is at some moments, as the user says.

    Args:
        text: as :func:`soundini.config.written.parse_heard_as` reads it.
        moments: seconds into the sound.
        classes: those that the models know; none for models with a text tower.

    Raises:
        ConfigError: a word is unknown, or there are no classes.

    Shape:
        returns ``[len(moments), len(classes)]``; rows add up to 1.
    """
    if not classes:
        raise ConfigError(
            "these models have no list of sounds, so sound.heard_as cannot be used; say in words what to show: guidance.text"
        )
    parts = parse_heard_as(text)
    shares = np.zeros((len(parts), len(classes)), np.float32)
    for row, part in zip(shares, parts, strict=True):
        for word, share in part.shares.items():
            row[list(classes).index(class_of(word, classes))] += share
    return _faded(parts, shares, moments)


def _faded(parts: Sequence[SaidSound], shares: np.ndarray, moments: Sequence[float]) -> np.ndarray:
    """The shares at every moment: those of the part it lies in, and of two where one gives way to the other."""
    times = np.asarray(moments, np.float64)
    begins = [part.begin for part in parts]
    found = np.repeat(shares[:1], len(times), axis=0)
    for number in range(1, len(parts)):
        lengths = [begins[number] - begins[number - 1]]
        if number + 1 < len(parts):
            lengths.append(begins[number + 1] - begins[number])
        fade = min(CROSS_FADE, *lengths)
        into = ((times - begins[number]) / fade + 0.5).clip(0, 1)[:, None].astype(np.float32)
        found = (1 - into) * found + into * shares[number]
    return found


def _plain(word: str) -> str:
    return " ".join(word.lower().replace("_", " ").replace("-", " ").split())
