"""What all handlers of the page share: the words, the service, who asks, and what is said where something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from soundini.errors import SoundiniError
from soundini.web.page.board import Board
from soundini.web.page.draft import Draft
from soundini.web.page.drop import SELF, sound_shown, video_shown
from soundini.web.page.painter import picture_url, scene
from soundini.web.page.shown import BUSY, job_result, job_row
from soundini.web.page.texts import Texts
from soundini.web.service import EditService
from soundini.web.views import JobView
from soundini.web.words.problems import problems_in

Answer = dict[Any, Any]
"""New values of components; those that are not named stay as they are."""
OwnerOf = Callable[[gr.Request], str]
"""Who sits before the page; raises a :class:`soundini.errors.ConfigError` that asks to reload the page where nobody knows."""


class Desk:
    """Answers what components ask, in words of one language.

    Args:
        texts: the words.
        service: does the work.
        owner_of: who asks.
        board: the components.
    """

    def __init__(self, texts: Texts, service: EditService, owner_of: OwnerOf, board: Board) -> None:
        self.texts = texts
        self.problems = problems_in(texts.language)
        self.service = service
        self.owner_of = owner_of
        self.board = board

    def answer(self, notice: gr.HTML, request: gr.Request, work: Callable[[str], Answer]) -> Answer:
        """What ``work`` answers to the owner, and nothing in the notice; or in the notice what is wrong."""
        try:
            return {notice: "", **work(self.owner_of(request))}
        except SoundiniError as error:
            return {notice: self.problems.words(str(error))}

    def drawn(self, owner: str, draft: Draft, *, reset: bool) -> Answer:
        """All that shows the files of a draft.

        Args:
            owner: whose.
            draft: the files.
            reset: whether what is painted now belongs to something else.

        Raises:
            SoundiniError: a file cannot be read.
        """
        board = self.board
        sound = sound_shown(self.texts, self.service, owner, draft.sound)
        video = draft.video
        if video is None:
            return {
                board.draft: draft.stored,
                board.video: {},
                board.sound: sound,
                board.painter: gr.HTML(scene={}, keyframes=[]),
            }
        facts = self.service.video_facts(owner, video)
        draft = draft.with_(frame=min(draft.frame, facts.frames - 1))
        label = self.service.file(owner, video).label
        return {
            board.draft: draft.stored,
            board.video: video_shown(self.texts, label, facts),
            board.sound: sound,
            board.painter: self.painted(owner, draft, reset=reset),
            board.film: "",
        }

    def painted(self, owner: str, draft: Draft, *, reset: bool = False) -> gr.HTML:
        """The painter at the frame and the keyframes of a draft."""
        return gr.HTML(
            scene=scene(self.service, owner, draft, reset=reset), keyframes=sorted(draft.keyframes)
        )

    def sounds(self, owner: str, draft: Draft) -> bool:
        """Whether a draft's video can be its own sound, where that is what it says."""
        if draft.sound != SELF or draft.video is None:
            return True
        return self.service.video_facts(owner, draft.video).has_sound

    def jobs_shown(self, owner: str, shown: str | None) -> Answer:
        """The list of jobs, the result, and whether there is something to watch."""
        jobs = [self.problems.job(job) for job in self.service.jobs(owner)]
        job = next((job for job in jobs if job.id == shown), None)
        return {
            self.board.jobs: [job_row(self.texts, job, shown) for job in jobs],
            self.board.result: self._result(owner, job) if job is not None else {},
            self.board.timer: gr.Timer(active=any(job.state in BUSY for job in jobs)),
            self.board.shown: job.id if job is not None else None,
        }

    def _result(self, owner: str, job: JobView) -> dict[str, Any]:
        picture = self.service.preview(owner, job.id) if job.state == "running" else None
        return job_result(self.texts, job, picture_url(picture) if picture is not None else "")
