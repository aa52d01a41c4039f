"""What the page is made of that Gradio has no component for: a few lines of JavaScript each, from ``assets``."""

from __future__ import annotations

from importlib import resources
from typing import Any

import gradio as gr

_ASSETS = resources.files("soundini.web.page") / "assets"


def asset(name: str) -> str:
    """A file of the page's own."""
    return (_ASSETS / name).read_text(encoding="utf-8")


def part(
    name: str, template: str, value: Any = None, *, texts: dict[str, str], **props: Any
) -> gr.HTML:
    """A component that is drawn in the browser by ``assets/NAME.js``.

    What it shows is made of elements and text, never of markup, so that no file's name is taken for markup.

    Args:
        name: of its script, and its id on the page.
        template: the elements it begins with.
        value: what it shows, or what has been done with it.
        texts: its words.
        props: whatever else it must know.
    """
    return gr.HTML(
        value,
        html_template=template,
        js_on_load=f"{asset('dom.js')}\n{asset(name + '.js')}",
        apply_default_css=False,
        elem_id=f"{props.pop('place', name)}-part",
        texts=texts,
        **props,
    )


def notice() -> gr.HTML:
    """A line that says what went wrong and what to do, where something did."""
    return part("notice", '<p class="problem told" role="alert" hidden></p>', "", texts={})
