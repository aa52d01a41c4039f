"""When what is heard is drawn, and drawn again: where something has changed that changes it, and only then."""

from __future__ import annotations

from typing import Any

import gradio as gr

from soundini.web.page.board import nothing_heard
from soundini.web.page.controls import Controls, read_form
from soundini.web.page.desk import Answer, Desk
from soundini.web.page.draft import Draft, draft_of
from soundini.web.page.heard import heard_means, heard_picture
from soundini.web.page.saying import heard_as_choices

_SECTION = "sound."
Handler = dict[str, Any]
"""A function with what it is given and what it answers, as an event of Gradio's takes it."""


def connect_hearing(desk: Desk) -> Handler:
    """Say what happens when a control is set that changes what is heard.

    Returns:
        The handler that draws it, with what it needs, for whatever else may change the sound.
    """
    board = desk.board

    def hear(request: gr.Request, stored: Any, drawn_for: Any, *values: Any) -> Answer:
        draft = draft_of(stored)
        wanted = heard_for(draft, list(values))
        if wanted == drawn_for:
            return {board.heard_notice: ""}
        if draft.video is None or draft.sound is None:
            nothing = nothing_heard(desk.texts)
            return {board.heard: nothing, board.heard_for: wanted, board.heard_notice: ""}

        def work(owner: str) -> Answer:
            form = read_form(desk.texts, draft, None, list(values), "all")
            heard = desk.service.hear(owner, form.model_copy(update={"heard_as": ""}))
            chips = heard_as_choices(
                desk.texts, desk.service.sound_classes, heard_means(heard), form.heard_as
            )
            return {
                board.heard: heard_picture(desk.texts, heard),
                board.heard_for: wanted,
                board.controls.heard_as: gr.update(choices=chips),
            }

        return desk.answer(board.heard_notice, request, work)

    handler: Handler = {
        "fn": hear,
        "inputs": [board.draft, board.heard_for, *board.controls.all],
        "outputs": [board.heard, board.heard_for, board.heard_notice, board.controls.heard_as],
        "show_progress": "hidden",
        "api_visibility": "private",
    }
    controls = board.controls
    for choice in (controls.preset, controls.loop):
        choice.input(**handler, trigger_mode="always_last")
    for field in (controls.start, controls.end, controls.settings):
        field.blur(**handler, trigger_mode="always_last")
    for line in (controls.start, controls.end):
        line.submit(**handler, trigger_mode="always_last")
    return handler


def heard_for(draft: Draft, values: list[Any]) -> list[Any]:
    """All that the hearing of a sound depends on; where it is the same, so is what is heard.

    Args:
        draft: the files.
        values: of :attr:`soundini.web.page.controls.Controls.all`.
    """
    given = dict(zip(Controls.__dataclass_fields__, values, strict=True))
    lines = [line.strip() for line in str(given["settings"] or "").splitlines()]
    part = [str(given[name] or "").strip() for name in ("start", "end")]
    settings = [line for line in lines if line.startswith(_SECTION)]
    return [draft.video, draft.sound, given["preset"], given["loop"], *part, settings]
