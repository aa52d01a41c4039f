"""Frame numbers out of the names of files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

_LONGEST = 9
"""Digits of a frame number."""


def natural(path: Path) -> list[tuple[int, str]]:
    """A key that sorts names by the numbers in them: 2 before 10."""
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in re.split(r"(\d+)", path.name)]


def frame_numbers(
    files: Sequence[Path], count_frames: Callable[[], int | None]
) -> list[int] | None:
    """The frame that each file is of, by the number in its name that tells the files apart.

    Numbers begin at 0 or at 1. They begin at 1 where there is a 1 and no 0, or where they go up to the number of frames; files
    that are as many as the frames, and follow each other, begin at the first frame whatever its number is.

    Args:
        files: in natural order.
        count_frames: frames of the video; None where that is not known. It is asked only where it matters.

    Returns:
        Rising numbers from 0; None where the names hold no such numbers, and the files are taken in their order.
    """
    if len(files) < 2:
        return None
    groups = [re.findall(r"\d+", path.stem) for path in files]
    if len({len(group) for group in groups}) > 1:
        return None
    for place in reversed(range(len(groups[0]))):
        texts = [group[place] for group in groups]
        numbers = [int(text) for text in texts if len(text) <= _LONGEST]
        if len(numbers) == len(files) == len(set(numbers)) and numbers == sorted(numbers):
            return _from_zero(numbers, count_frames)
    return None


def _from_zero(numbers: list[int], count_frames: Callable[[], int | None]) -> list[int]:
    first, last = numbers[0], numbers[-1]
    if first == 0:
        return numbers
    if first == 1:
        return [number - 1 for number in numbers]
    frames = count_frames()
    if frames is None:
        return numbers
    if last - first + 1 == len(numbers) == frames:
        return list(range(frames))
    if last == frames:
        return [number - 1 for number in numbers]
    return numbers


def listed(numbers: Sequence[int], most: int = 8) -> str:
    """Numbers as people write them, runs in short: ``3, 4, 10 to 20``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    return ", ".join(words[:most]) + (", ..." if len(words) > most else "")
