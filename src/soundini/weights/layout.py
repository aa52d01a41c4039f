"""Comparing a checkpoint with the keys and shapes it should have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor

from soundini.errors import ModelError

Shape = tuple[int, ...]
Layout = Mapping[str, Shape]
_NAMED = 4


def layout_of(state: Mapping[str, Tensor]) -> dict[str, Shape]:
    """List the key and shape of every tensor."""
    return {key: tuple(value.shape) for key, value in state.items()}


def check_layout(state: Mapping[str, Tensor], expected: Layout, what: str) -> None:
    """Check that a state dict holds exactly the expected tensors.

    Args:
        state: the checkpoint.
        expected: the key and shape of every tensor it should hold.
        what: name of the layout, for the message.

    Raises:
        ModelError: keys are missing, unknown, or of another shape; the first few are named.
    """
    found = layout_of(state)
    problems = [
        _named("missing", sorted(expected.keys() - found.keys())),
        _named("unknown", sorted(found.keys() - expected.keys())),
        _named(
            "of another shape",
            [
                f"{key} {found[key]} instead of {tuple(shape)}"
                for key, shape in expected.items()
                if key in found and found[key] != tuple(shape)
            ],
        ),
    ]
    problems = [p for p in problems if p]
    if problems:
        raise ModelError(
            "these are not the weights of {what}: {names}; check which file it is",
            what=what,
            names="; ".join(problems),
        )


def strip_prefix(state: Mapping[str, Tensor], prefix: str = "module.") -> dict[str, Tensor]:
    """Drop ``prefix`` where all keys carry it, as those of a saved ``DataParallel`` do."""
    if state and all(key.startswith(prefix) for key in state):
        return {key.removeprefix(prefix): value for key, value in state.items()}
    return dict(state)


def _named(problem: str, names: Iterable[str]) -> str:
    names = list(names)
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} {problem} ({', '.join(names[:_NAMED])}{more})"
