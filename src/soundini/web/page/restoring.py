"""A form that was sent once, back on the page."""

from __future__ import annotations

import io

import gradio as gr
import numpy as np
from PIL import Image

from soundini.masks.shapes import ShapeKind, shape_mask
from soundini.web.forms.forms import EditForm
from soundini.web.page.controls import values_of
from soundini.web.page.desk import Answer, Desk
from soundini.web.page.draft import Draft

_SHAPE = "shape.png"


def restored(desk: Desk, owner: str, form: EditForm) -> Answer:
    """The whole page as it stood when a form was sent; shapes are painted, so that they can be changed.

    Raises:
        SoundiniError: a file of it is not there any more.
    """
    keyframes = {mask.frame: mask.file for mask in form.masks}
    shapes: list[tuple[ShapeKind, tuple[float, ...] | None]] = [
        ("box", form.box),
        ("ellipse", form.ellipse),
    ]
    drawn: list[tuple[ShapeKind, tuple[float, ...]]] = [
        (kind, numbers) for kind, numbers in shapes if numbers is not None
    ]
    if drawn and not keyframes and form.video:
        keyframes = {form.at: _painted(desk, owner, form.video, drawn)}
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
    return {
        getattr(controls, name): gr.update(value=value) for name, value in values_of(form).items()
    }


def _painted(
    desk: Desk, owner: str, video: str, shapes: list[tuple[ShapeKind, tuple[float, ...]]]
) -> str:
    facts = desk.service.video_facts(owner, video)
    size = (facts.height, facts.width)
    drawn = [shape_mask(k, ",".join(f"{n:.9f}" for n in numbers), size) for k, numbers in shapes]
    out = io.BytesIO()
    Image.fromarray(np.where(np.max(drawn, 0) >= 0.5, 255, 0).astype(np.uint8)).save(out, "PNG")
    out.seek(0)
    return desk.service.add_file(owner, "mask", out, _SHAPE).id
