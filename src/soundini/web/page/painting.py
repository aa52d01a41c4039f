"""What happens round the painter: another frame, keyframes, and the mask drawn on the whole video."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from soundini.errors import MaskError
from soundini.web.page.controls import need_mask, read_form
from soundini.web.page.desk import Answer, Desk
from soundini.web.page.draft import Draft, draft_of
from soundini.web.page.painter import kept

OVERLAYS = "/api/v1/overlays"


def connect_painting(desk: Desk) -> None:
    """Say what happens when the frame changes, when a keyframe is asked for, and when the mask is to be checked."""
    board = desk.board
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    def scrubbed(stored: Any, painted: Any, event: gr.EventData, request: gr.Request) -> Answer:
        def work(owner: str) -> Answer:
            draft = _committed(desk, owner, draft_of(stored), painted)
            draft = draft.with_(frame=_frame(event))
            return {board.draft: draft.stored, board.painter: desk.painted(owner, draft)}

        return desk.answer(board.mask_notice, request, work)

    def keyed(stored: Any, painted: Any, event: gr.EventData, request: gr.Request) -> Answer:
        action = event._data.get("action") if isinstance(event._data, dict) else None

        def work(owner: str) -> Answer:
            draft = draft_of(stored)
            if action == "keep":
                draft, mask = kept(desk.texts, desk.service, owner, draft, painted)
                if mask is None:
                    raise MaskError(desk.texts["need.mask"])
                draft = draft.with_(keyframes={**draft.keyframes, draft.frame: mask})
            else:
                frame = _frame(event)
                draft = _committed(desk, owner, draft, painted)
                if action == "drop":
                    rest = {f: m for f, m in draft.keyframes.items() if f != frame}
                    draft = draft.with_(keyframes=rest)
                else:
                    draft = draft.with_(frame=frame)
            return {
                board.draft: draft.stored,
                board.painter: desk.painted(owner, draft),
            }

        return desk.answer(board.mask_notice, request, work)

    def checked(request: gr.Request, stored: Any, painted: Any, *values: Any) -> Iterator[Answer]:
        yield {
            board.check: gr.Button(desk.texts["mask.checking"], interactive=False),
            board.film: "",
        }

        def work(owner: str) -> Answer:
            draft, mask = painted_now(desk, owner, draft_of(stored), painted)
            form = need_mask(desk.texts, read_form(desk.texts, draft, mask, list(values), "all"))
            film = desk.service.mask_overlay(owner, form)
            return {board.draft: draft.stored, board.film: f"{OVERLAYS}/{film.stem}.mp4"}

        again = gr.Button(desk.texts["mask.check"], interactive=True)
        yield {board.check: again, **desk.answer(board.mask_notice, request, work)}

    outputs = [board.draft, board.painter, board.mask_notice]
    board.painter.select(
        scrubbed,
        [board.draft, board.painter],
        outputs,
        trigger_mode="always_last",
        **quiet,
    )
    board.painter.submit(keyed, [board.draft, board.painter], outputs, **quiet)
    board.check.click(
        checked,
        [board.draft, board.painter, *board.controls.all],
        [board.draft, board.film, board.mask_notice, board.check],
        **quiet,
    )


def _frame(event: gr.EventData) -> int:
    """The number of a frame that the painter told; the service knows whether the video has it."""
    told = event._data.get("frame") if isinstance(event._data, dict) else None
    return told if isinstance(told, int) and told >= 0 else 0


def painted_now(
    desk: Desk, owner: str, draft: Draft, painted: Any
) -> tuple[Draft, tuple[int, str] | None]:
    """The draft, and the frame and the file of what is painted besides its keyframes.

    Where there are keyframes, only what was painted since counts: the paint of one of them is seen on the frames after it.

    Raises:
        SoundiniError: what is painted cannot be kept.
    """
    if draft.keyframes:
        return _committed(desk, owner, draft, painted), None
    draft, mask = kept(desk.texts, desk.service, owner, draft, painted)
    return draft, (draft.frame, mask) if mask is not None else None


def _committed(desk: Desk, owner: str, draft: Draft, painted: Any) -> Draft:
    """A draft with what was painted on its frame since, where it has keyframes: it is one too."""
    if not draft.keyframes or not isinstance(painted, dict) or not painted.get("changed"):
        return draft
    draft, mask = kept(desk.texts, desk.service, owner, draft, painted)
    rest = {frame: m for frame, m in draft.keyframes.items() if frame != draft.frame}
    return draft.with_(keyframes=rest if mask is None else {**rest, draft.frame: mask})
