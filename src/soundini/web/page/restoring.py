"""A form that was sent once, or that a recipe tells, back on the page."""

from __future__ import annotations

import gradio as gr

from soundini.web.forms.forms import EditForm
from soundini.web.page.controls import presets_for, values_of
from soundini.web.page.desk import Answer, Desk
from soundini.web.page.draft import Draft
from soundini.web.page.saying import heard_as_choices
from soundini.web.page.texts import Texts
from soundini.web.views import Restored

_NAMED = ("video", "sound", "mask")
"""What may be left out that is no setting."""


def opened(desk: Desk, owner: str, found: Restored) -> Answer:
    """The page as a recipe tells it, and a line that says what of it is not here.

    Raises:
        SoundiniError: a file of it is damaged.
    """
    words = left_out_words(desk.texts, found.left_out)
    if not found.form.video and "video" not in found.left_out:  # settings alone: the files stay
        answer = controls_set(desk, found.form)
    else:
        answer = restored(desk, owner, found.form)
    return {**answer, desk.board.media_notice: words}


def restored(desk: Desk, owner: str, form: EditForm) -> Answer:
    """The whole page as it stood when a form was sent; shapes are painted, so that they can be changed.

    Raises:
        SoundiniError: a file of it is not there any more.
    """
    form = desk.service.painted(owner, form)
    keyframes = {mask.frame: mask.file for mask in form.masks}
    draft = Draft(
        video=form.video or None, sound=form.sound or None, keyframes=keyframes, frame=form.at
    )
    if (
        len(keyframes) == 1
    ):  # one mask is no list of keyframes: it is painted, at the frame it was painted on
        draft = draft.with_(frame=next(iter(keyframes)))
    return {**desk.drawn(owner, draft, reset=True), **controls_set(desk, form)}


def controls_set(desk: Desk, form: EditForm) -> Answer:
    """The controls as a form has them."""
    controls = desk.board.controls
    presets, classes = presets_for(desk.service.models), desk.service.sound_classes
    chips = heard_as_choices(desk.texts, classes, {}, form.heard_as)
    return {
        **{
            getattr(controls, name): gr.update(value=value)
            for name, value in values_of(form, presets, has_text=not classes).items()
        },
        controls.heard_as: gr.update(choices=chips, value=form.heard_as),
        desk.board.heard_for: None,  # the first chip says what is heard: it is heard again
    }


def left_out_words(texts: Texts, left_out: tuple[str, ...]) -> str:
    """What of a recipe is not here, and what to do; nothing where all of it is. Of the mask, not before the video is here."""
    told = [name for name in _NAMED if name in left_out]
    if "video" in told and "mask" in told:
        told.remove("mask")
    words = [texts[f"missing.{name}"] for name in told]
    settings = [name for name in left_out if name not in _NAMED]
    if settings:
        words.append(texts("missing.settings", names=", ".join(settings)))
    return " ".join(words)
