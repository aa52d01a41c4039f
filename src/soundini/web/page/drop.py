"""Where files are dropped: a video, a sound, a recipe. They go to the HTTP API, under its limits; the page is told ids."""

from __future__ import annotations

from typing import Any

import gradio as gr

from soundini.web.page.parts import part
from soundini.web.page.texts import Texts
from soundini.web.service import EditService
from soundini.web.views import FileKind, VideoFacts

UPLOADS = "/api/v1/files"
_TEMPLATE = '<div class="drop-place"></div>'
_ACCEPT = {
    "video": "video/*,.mkv",
    "sound": "audio/*,video/*",
    "recipe": ".json,.mp4",
}
SELF = "self"


def drop_zone(texts: Texts, kind: FileKind) -> gr.HTML:
    """A zone for one kind of file; it triggers ``upload`` with the id, and ``select`` for the video's own sound."""
    return part(
        "drop",
        _TEMPLATE,
        {},
        place=kind,
        texts=texts.group(kind, "drop"),
        kind=kind,
        accept=_ACCEPT[kind],
        url=UPLOADS,
        language=texts.language,
    )


def video_shown(texts: Texts, label: str, facts: VideoFacts) -> dict[str, Any]:
    """What the zone of the video says once it has one."""
    sound = texts["video.with_sound" if facts.has_sound else "video.without_sound"]
    words = texts(
        "video.facts",
        width=facts.width,
        height=facts.height,
        frames=facts.frames,
        seconds=f"{facts.seconds:.1f}",
        sound=sound,
    )
    return {"label": label, "facts": words}


def sound_shown(
    texts: Texts, service: EditService, owner: str, sound: str | None
) -> dict[str, Any]:
    """What the zone of the sound says.

    Args:
        texts: the words.
        service: knows the file's name.
        owner: whose.
        sound: its id, :data:`SELF`, or None for none yet.

    Raises:
        SoundiniError: there is no such file.
    """
    if sound is None:
        return {}
    own = sound == SELF
    label = texts["sound.own_label"] if own else service.file(owner, sound).label
    return {"label": label, "facts": texts["sound.ready"], "own": own}
