"""The page as it opens, and as files are dropped on it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from soundini.errors import MediaError
from soundini.web.page.desk import Answer, Desk
from soundini.web.page.draft import Draft, draft_of, still_there
from soundini.web.page.drop import SELF, sound_shown
from soundini.web.page.hearing import Handler
from soundini.web.page.restoring import controls_set
from soundini.web.page.restoring import opened as recipe_opened
from soundini.web.page.saying import AS_HEARD, heard_as_choices
from soundini.web.page.shown import BUSY


def connect_choosing(desk: Desk, blocks: gr.Blocks, heard: Handler) -> None:
    """Say what happens when the page opens, and when a file is dropped; ``heard`` draws what is heard."""
    board = desk.board
    files = [
        board.draft,
        board.video,
        board.sound,
        board.painter,
        board.film,
        board.media_notice,
    ]
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    def opened(stored: Any, request: gr.Request) -> Answer:
        def work(owner: str) -> Answer:
            draft = still_there(draft_of(stored), desk.service, owner)
            jobs = desk.service.jobs(owner)
            busy = [job.id for job in jobs if job.state in BUSY]
            newest = busy or [job.id for job in jobs]
            shown = desk.jobs_shown(owner, newest[0] if newest else None)
            form = desk.service.form(owner, jobs[0].id) if jobs else None
            return {
                **desk.drawn(owner, draft, reset=True),
                **shown,
                **(controls_set(desk, form) if form is not None else {}),
            }

        return desk.answer(board.media_notice, request, work)

    def video(stored: Any, event: gr.EventData, request: gr.Request) -> Answer:
        def work(owner: str) -> Answer:
            file = desk.service.file(owner, _told(event))
            draft = Draft(video=file.id, sound=draft_of(stored).sound)
            if not desk.sounds(owner, draft):
                draft = draft.with_(sound=None)
            return desk.drawn(owner, draft, reset=True)

        return desk.answer(board.media_notice, request, work)

    def sound(stored: Any, event: gr.EventData, request: gr.Request) -> Answer:
        def work(owner: str) -> Answer:
            file = desk.service.file(owner, _told(event))
            return _sounding(desk, owner, draft_of(stored).with_(sound=file.id))

        return desk.answer(board.media_notice, request, work)

    def own_sound(stored: Any, request: gr.Request) -> Answer:
        def work(owner: str) -> Answer:
            draft = draft_of(stored).with_(sound=SELF)
            if draft.video is None:
                raise MediaError(desk.texts["need.video"])
            if not desk.sounds(owner, draft):
                raise MediaError(desk.texts["need.own_sound"])
            return _sounding(desk, owner, draft)

        return desk.answer(board.media_notice, request, work)

    def recipe(event: gr.EventData, request: gr.Request) -> Answer:
        def work(owner: str) -> Answer:
            return recipe_opened(desk, owner, desk.service.restored(owner, _told(event)))

        return desk.answer(board.media_notice, request, work)

    jobs = [board.jobs, board.result, board.timer, board.shown]
    whole = [*files, *jobs, board.heard_for, *board.controls.all]
    blocks.load(opened, [board.draft], whole, **quiet).then(**heard)
    board.video.upload(video, [board.draft], files, **quiet).success(**heard)
    sounding = [*files, board.controls.heard_as]
    board.sound.upload(sound, [board.draft], sounding, **quiet).success(**heard)
    board.sound.select(own_sound, [board.draft], sounding, **quiet).success(**heard)
    restored = [*files, board.heard_for, *board.controls.all]
    board.recipe.upload(recipe, None, restored, **quiet).success(**heard)


def _told(event: gr.EventData) -> str:
    """The id that an upload was given; whoever asks for another's is refused by the service."""
    data = event._data
    return str(data.get("id", "")) if isinstance(data, dict) else ""


def _sounding(desk: Desk, owner: str, draft: Draft) -> Answer:
    """Another sound is chosen: what was said of the one before does not hold for it."""
    shown = sound_shown(desk.texts, desk.service, owner, draft.sound)
    chips = heard_as_choices(desk.texts, desk.service.sound_classes, {})
    return {
        desk.board.draft: draft.stored,
        desk.board.sound: shown,
        desk.board.controls.heard_as: gr.update(choices=chips, value=AS_HEARD),
    }
