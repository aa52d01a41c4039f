"""What happens to edits: begun, watched, stopped, done again."""

from __future__ import annotations

from typing import Any

import gradio as gr

from soundini.errors import ConfigError
from soundini.web.forms.forms import EditForm, Scope
from soundini.web.page.controls import need_mask, read_form
from soundini.web.page.desk import Answer, Desk
from soundini.web.page.draft import draft_of
from soundini.web.page.hearing import Handler
from soundini.web.page.painting import painted_now
from soundini.web.page.restoring import restored

_FACTOR = 1.3
"""More strength, or less."""
_LEAST, _MOST = 0.25, 2.0


def connect_running(desk: Desk, heard: Handler) -> None:
    """Say what the buttons that run do, what is done to jobs, and how they are watched; ``heard`` draws what is heard."""
    board = desk.board
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    jobs = [board.jobs, board.result, board.timer, board.shown]

    def runner(scope: Scope):
        def run(request: gr.Request, stored: Any, painted: Any, *values: Any) -> Answer:
            def work(owner: str) -> Answer:
                draft, mask = painted_now(desk, owner, draft_of(stored), painted)
                form = read_form(desk.texts, draft, mask, list(values), scope)
                job = desk.service.submit(owner, need_mask(desk.texts, form))
                return {board.draft: draft.stored, **desk.jobs_shown(owner, job)}

            return desk.answer(board.run_notice, request, work)

        return run

    buttons: dict[Scope, gr.Button] = {
        "frame": board.run_frame,
        "eight": board.run_eight,
        "all": board.run_all,
    }
    for scope, button in buttons.items():
        button.click(
            runner(scope),
            [board.draft, board.painter, *board.controls.all],
            [board.draft, board.run_notice, *jobs],
            **quiet,
        )

    def watched(shown: str | None, request: gr.Request) -> Answer:
        return desk.answer(board.result_notice, request, lambda o: desk.jobs_shown(o, shown))

    def acted(shown: str | None, event: gr.EventData, request: gr.Request) -> Answer:
        told = event._data if isinstance(event._data, dict) else {}
        action, job = str(told.get("action", "")), str(told.get("job", ""))

        def work(owner: str) -> Answer:
            if action == "restore":
                return restored(desk, owner, desk.service.form(owner, job))
            return desk.jobs_shown(owner, _act(desk, owner, action, job) or shown)

        return desk.answer(board.result_notice, request, work)

    files = [board.draft, board.video, board.sound, board.painter, board.film]
    outputs = [*jobs, *files, board.heard_for, *board.controls.all, board.result_notice]
    board.timer.tick(watched, [board.shown], [*jobs, board.result_notice], **quiet)
    for component in (board.result, board.jobs):
        component.submit(acted, [board.shown], outputs, **quiet).success(**heard)


def _act(desk: Desk, owner: str, action: str, job: str) -> str | None:
    """Do something to a job, and return the one that is looked at from then on, if another."""
    service = desk.service
    if action == "show":
        return service.job(owner, job).id
    if action == "cancel":
        service.cancel(owner, job)
    elif action == "resume":
        service.resume(owner, job)
        return job
    elif action == "delete":
        service.delete(owner, job)
    elif action in ("chance", "stronger", "weaker"):
        return service.submit(owner, _varied(desk, service.form(owner, job), action))
    return None


def _varied(desk: Desk, form: EditForm, action: str) -> EditForm:
    """The same edit by another seed, or with more or less strength.

    Raises:
        ConfigError: the strength is at its end.
    """
    if action == "chance":
        return form.model_copy(update={"seed": form.seed + 1})
    strength = form.strength * _FACTOR if action == "stronger" else form.strength / _FACTOR
    strength = round(min(_MOST, max(_LEAST, strength)), 2)
    if strength == form.strength:
        raise ConfigError(desk.texts["need.stronger"])
    return form.model_copy(update={"strength": strength})
