"""Requests of edits that are never done: what tests compare, or open models for."""

from pathlib import Path

from soundini.config.presets import override
from soundini.config.recipe import Recipe
from soundini.editing.request import EditRequest, MaskRequest


def request(*settings):
    """An edit of a whole frame by a video's own sound, with some settings changed (``"seed=3"``)."""
    return EditRequest(
        video=Path("in.mp4"),
        sound="self",
        output=Path("out.mp4"),
        mask=MaskRequest(whole_frame=True),
        recipe=override(Recipe(), settings),
    )
