"""Reads frame numbers from the names of files."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

_LONGEST = 9
"""Most digits of a frame number."""


def natural(path: Path) -> list[tuple[int, str]]:
    """A key that sorts names by the numbers in them: 2 before 10."""
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in re.split(r"(\d+)", path.name)]


def frame_numbers(
    files: Sequence[Path], count_frames: Callable[[], int | None]
) -> list[int] | None:
    """The frame of each file, by the number in which the names differ.

    Numbers count from 1 if there is a 1 and no 0, or if they go up to the number of frames; else from 0. If the numbers span
    exactly as many frames as the video has, the lowest is the first frame, whatever it is.

    Args:
        files: in natural order.
        count_frames: counts the frames of the video; called only if needed. None if there is no video.

    Returns:
        Rising numbers from 0; None if the names hold no such numbers, and the order of files counts.
    """
    numbers = _numbers(files)
    return None if numbers is None else _from_zero(numbers, count_frames)


def clashing(files: Sequence[Path]) -> str | None:
    """The name of a file without a number among files with numbers; None if there is none.

    Args:
        files: in natural order.
    """
    if len(files) < 2 or _numbers(files) is not None:
        return None
    groups = [re.findall(r"\d+", path.stem) for path in files]
    usual = max({len(group) for group in groups}, key=[len(group) for group in groups].count)
    if usual == 0:
        return None
    odd = [path.name for path, group in zip(files, groups, strict=True) if len(group) != usual]
    if odd:
        return odd[0]
    if (
        len(set(map(tuple, groups))) == 1
    ):  # the names differ in letters, so the numbers are part of the name
        return None
    places = [[int(text) for text in texts] for texts in zip(*groups, strict=True)]
    frames = max(places, key=lambda numbers: len(set(numbers)))
    return next(
        (path.name for path, number in zip(files, frames, strict=True) if frames.count(number) > 1),
        files[0].name,
    )


def _numbers(files: Sequence[Path]) -> list[int] | None:
    if len(files) < 2:
        return None
    groups = [re.findall(r"\d+", path.stem) for path in files]
    if len({len(group) for group in groups}) > 1:
        return None
    for place in reversed(range(len(groups[0]))):
        texts = [group[place] for group in groups]
        numbers = [int(text) for text in texts if len(text) <= _LONGEST]
        if len(numbers) == len(files) == len(set(numbers)) and numbers == sorted(numbers):
            return numbers
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
    if last - first + 1 == frames:
        return [number - first for number in numbers]
    if last == frames:
        return [number - 1 for number in numbers]
    return numbers


def listed(numbers: Sequence[int], most: int = 8) -> str:
    """Numbers as text, with runs shortened: ``3, 4, 10 to 20``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs]
    return ", ".join(words[:most]) + (", ..." if len(words) > most else "")
