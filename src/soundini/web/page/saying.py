"""The chips under the waveform: what the sound is, as heard or as the visitor says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import gradio as gr

from soundini.web.page.texts import Texts

AS_HEARD = ""
"""The choice that goes by what is heard."""


def make_heard_as(texts: Texts, classes: Sequence[str]) -> gr.Radio:
    """One chip for what is heard, and one for each class that the models know; hidden where they know none."""
    return gr.Radio(
        heard_as_choices(texts, classes, {}),
        value=AS_HEARD,
        label=texts["heard.said"],
        info=texts["heard.said_info"],
        visible=bool(classes),
        elem_classes="heard-as",
    )


def make_text(texts: Texts, classes: Sequence[str]) -> gr.Textbox:
    """A field for words about the region, in the same place, where the models know no classes but have a text tower."""
    return gr.Textbox(
        label=texts["heard.text"],
        info=texts["heard.text_info"],
        visible=not classes,
        max_lines=1,
    )


def heard_as_choices(
    texts: Texts, classes: Sequence[str], means: Mapping[str, float], said: str = AS_HEARD
) -> list[tuple[str, str]]:
    """The chips: their words, and the values they stand for.

    Args:
        texts: the words.
        classes: that the models know.
        means: what is heard, the likeliest first; empty where it is not known yet.
        said: what is said now; a mixture or a timeline has a chip of its own.
    """
    first = texts["heard.as_heard"]
    for name, share in list(means.items())[:1]:
        words = texts.get(f"class.{name}", name)
        first = texts("heard.as_heard_is", name=words, share=f"{100 * share:.0f}")
    chips = [(texts.get(f"class.{name}", name), name) for name in classes]
    others = [] if said in (AS_HEARD, *classes) else [(said, said)]
    return [(first, AS_HEARD), *chips, *others]
