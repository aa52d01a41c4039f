"""How the page is laid out: every component that something happens to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import gradio as gr

from soundini.web.http.languages import LANGUAGES
from soundini.web.page.controls import Controls, Elsewhere, make_controls
from soundini.web.page.drop import drop_zone
from soundini.web.page.painter import painter
from soundini.web.page.parts import notice, part
from soundini.web.page.saying import make_heard_as, make_text
from soundini.web.page.texts import Texts

_WATCHING = 1.0
"""Seconds between two looks at jobs, while one of them runs."""
_STORAGE = "soundini-draft"


@dataclass(frozen=True)
class Board:
    """The components of a page.

    Args:
        draft: what is chosen so far, kept by the browser.
        shown: id of the job that the result shows.
        timer: ticks while a job runs.
        video: zone of the video.
        sound: zone of the sound.
        recipe: zone of recipes and outputs.
        heard: what is heard.
        heard_for: what of the page that picture was drawn for.
        heard_notice: what is wrong with the sound.
        media_notice: what is wrong with the files.
        painter: where the mask is painted.
        check: draws the mask on the whole video.
        film: that video.
        mask_notice: what is wrong with the mask.
        controls: how it is edited.
        run_frame: previews the frame.
        run_eight: previews eight.
        run_all: edits the whole part.
        run_notice: why it does not run.
        result: progress, and what came of it.
        result_notice: why nothing could be done to it.
        jobs: all edits.
    """

    draft: gr.BrowserState
    shown: gr.State
    timer: gr.Timer
    video: gr.HTML
    sound: gr.HTML
    recipe: gr.HTML
    heard: gr.HTML
    heard_for: gr.State
    heard_notice: gr.HTML
    media_notice: gr.HTML
    painter: gr.HTML
    check: gr.Button
    film: gr.HTML
    mask_notice: gr.HTML
    controls: Controls
    run_frame: gr.Button
    run_eight: gr.Button
    run_all: gr.Button
    run_notice: gr.HTML
    result: gr.HTML
    result_notice: gr.HTML
    jobs: gr.HTML


def lay_out(texts: Texts, presets: Sequence[str], classes: Sequence[str]) -> Board:
    """Make the components, in the order in which they are read; within the blocks that are open.

    Args:
        texts: the words.
        presets: to choose from.
        classes: of sounds that the models know; none where they have a text tower instead.
    """
    draft = gr.BrowserState({}, storage_key=_STORAGE, secret=_STORAGE)
    shown, heard_for, timer = gr.State(None), gr.State(None), gr.Timer(_WATCHING, active=False)
    gr.HTML(_header(texts), apply_default_css=False)
    with gr.Row(elem_classes="columns"):
        with gr.Column(scale=6, min_width=320, elem_classes="left"):
            with gr.Column(elem_classes="card"):
                _heading(texts, "step_media")
                with gr.Row(elem_classes="media"):
                    video, sound = drop_zone(texts, "video"), drop_zone(texts, "sound")
                heard = gr.HTML(
                    nothing_heard(texts), apply_default_css=False, elem_classes="heard-part"
                )
                heard_as, text = make_heard_as(texts, classes), make_text(texts, classes)
                heard_notice = notice()
                recipe = drop_zone(texts, "recipe")
                media_notice = notice()
            with gr.Column(elem_classes="card"):
                _heading(texts, "step_mask")
                paint = painter(texts)
                with gr.Row(elem_classes="mask-row"):
                    track = gr.Checkbox(label=texts["mask.track"], info=texts["mask.track_info"])
                    whole = gr.Checkbox(label=texts["mask.whole"], info=texts["mask.whole_info"])
                    check = gr.Button(texts["mask.check"], size="md", elem_classes="fit")
                mask_notice = notice()
                film = part(
                    "film", '<div class="film" hidden></div>', "", texts=texts.group("mask")
                )
            with gr.Column(elem_classes="card"):
                _heading(texts, "step_look")
                elsewhere = Elsewhere(track, whole, heard_as, text)
                controls = make_controls(texts, presets, elsewhere)
            with gr.Column(elem_classes="card actions"):
                with gr.Row():
                    run_frame = gr.Button(texts["run.frame"])
                    run_eight = gr.Button(texts["run.eight"])
                    run_all = gr.Button(texts["run.all"], variant="primary")
                run_notice = notice()
        with gr.Column(scale=5, min_width=320, elem_classes="right", elem_id="result"):
            with gr.Column(elem_classes="card"):
                _heading(texts, "step_result")
                result = part(
                    "result",
                    '<div class="result"></div>',
                    {},
                    texts=texts.group("result", "action"),
                )
                result_notice = notice()
            with gr.Column(elem_classes="card"):
                _heading(texts, "step_jobs")
                jobs = part(
                    "jobs",
                    '<p class="empty"></p><ul class="jobs"></ul>',
                    [],
                    texts=texts.group("jobs", "action"),
                )
    return Board(
        draft=draft,
        shown=shown,
        timer=timer,
        video=video,
        sound=sound,
        recipe=recipe,
        heard=heard,
        heard_for=heard_for,
        heard_notice=heard_notice,
        media_notice=media_notice,
        painter=paint,
        check=check,
        film=film,
        mask_notice=mask_notice,
        controls=controls,
        run_frame=run_frame,
        run_eight=run_eight,
        run_all=run_all,
        run_notice=run_notice,
        result=result,
        result_notice=result_notice,
        jobs=jobs,
    )


def nothing_heard(texts: Texts) -> str:
    """What stands where the sound will be drawn."""
    return f'<p class="hint">{escape(texts["heard.wait"])}</p>'


def _heading(texts: Texts, key: str) -> None:
    gr.HTML(f"<h2>{escape(texts[key])}</h2>", apply_default_css=False)


def _header(texts: Texts) -> str:
    other = next(name for name in LANGUAGES if name != texts.language)
    return (
        f'<a class="skip" href="#result">{escape(texts["skip"])}</a>'
        f'<header class="top"><div><h1>{escape(texts["title"])}</h1>'
        f"<p>{escape(texts['tagline'])}</p></div>"
        f'<a href="/?lang={other}" lang="{other}" hreflang="{other}" '
        f'title="{escape(texts["other_language_hint"])}">{escape(texts["other_language"])}</a></header>'
    )
