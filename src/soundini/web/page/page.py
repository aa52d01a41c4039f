"""The page: laid out, and every component told what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from soundini.web.http.languages import LANGUAGES
from soundini.web.page.board import lay_out
from soundini.web.page.choosing import connect_choosing
from soundini.web.page.controls import presets_for
from soundini.web.page.desk import Desk, OwnerOf
from soundini.web.page.hearing import connect_hearing
from soundini.web.page.look import mounting
from soundini.web.page.painting import connect_painting
from soundini.web.page.running import connect_running
from soundini.web.page.texts import Texts
from soundini.web.service import EditService

_AT_ONCE = 8
"""Handlers of one kind that run at once: a mask that is followed through a long video holds up nobody else."""

_PAUSE = 0.05
"""Seconds between two looks for handlers to run. Gradio looks a thousand times a second, which keeps an idle machine busy."""


@dataclass(frozen=True)
class Page:
    """A page that can be mounted.

    Args:
        blocks: its components.
        mount: what ``gr.mount_gradio_app`` needs besides.
    """

    blocks: gr.Blocks
    mount: dict[str, Any]


def build_page(service: EditService, owner_of: OwnerOf, language: str = LANGUAGES[0]) -> Page:
    """Build the page in one language.

    Args:
        service: does all the work.
        owner_of: who sits before the page.
        language: one of :data:`soundini.web.http.languages.LANGUAGES`.
    """
    texts = Texts(language)
    with gr.Blocks(title=texts["title"], analytics_enabled=False, fill_width=True) as blocks:
        board = lay_out(texts, presets_for(service.models), service.sound_classes)
        desk = Desk(texts, service, owner_of, board)
        heard = connect_hearing(desk)
        connect_choosing(desk, blocks, heard)
        connect_painting(desk)
        connect_running(desk, heard)
    blocks.queue(default_concurrency_limit=_AT_ONCE)
    rest(blocks)
    return Page(blocks, mounting(texts))


def rest(blocks: gr.Blocks) -> None:
    """Let a page look less often for something to do.

    Nothing public of Gradio's (6.31) sets that; one that keeps it elsewhere looks as often as it likes, and all else goes on.
    """
    queue = getattr(blocks, "_queue", None)
    if hasattr(queue, "sleep_when_free"):
        queue.sleep_when_free = _PAUSE  # pyright: ignore[reportOptionalMemberAccess]
