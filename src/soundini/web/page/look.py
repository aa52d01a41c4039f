"""How the page looks: colours and type for Gradio's own components; the rest is ``assets/page.css``."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr
from gradio.themes.utils.fonts import Font

from soundini.web.page.parts import asset
from soundini.web.page.texts import Texts

_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Noto Sans KR", "sans-serif")


def mounting(texts: Texts) -> dict[str, Any]:
    """What ``gr.mount_gradio_app`` is told of the look and the language. Nothing of it comes from another host."""
    return {
        "theme": _theme(),
        "css": asset("page.css"),
        "head": _head(texts),
    }


def _head(texts: Texts) -> str:
    """Let the page, and what Gradio says of itself, be of the language that was asked for, not of the browser's.

    Gradio may have asked the browser already, and writes its answer later: the page's language is written over it.
    """
    language = json.dumps(texts.language)
    return (
        '<meta name="color-scheme" content="light dark"><script>'
        f"{{ const page = document.documentElement, speak = () => page.lang === {language} || (page.lang = {language});"
        'new MutationObserver(speak).observe(page, { attributeFilter: ["lang"] }); speak(); }'
        f'Object.defineProperty(navigator, "language", {{ get: () => {language} }});</script>'
    )


def _theme() -> gr.themes.Base:
    fonts = [Font(name) for name in _FONTS]
    return gr.themes.Base(
        primary_hue=gr.themes.colors.orange,
        secondary_hue=gr.themes.colors.orange,
        neutral_hue=gr.themes.colors.stone,
        font=fonts,
        font_mono=[
            Font("ui-monospace"),
            Font("monospace"),
        ],
        radius_size=gr.themes.sizes.radius_md,
    ).set(
        body_background_fill="*neutral_100",
        body_background_fill_dark="#141210",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_300",
        block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_200",
        block_title_text_weight="600",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        input_background_fill="white",
        input_background_fill_dark="#141210",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_700",
        input_border_width="1px",
        input_placeholder_color="*neutral_500",
        checkbox_label_background_fill="white",
        checkbox_label_background_fill_dark="#141210",
        checkbox_label_border_width="1px",
        checkbox_label_border_color="*neutral_300",
        checkbox_label_border_color_dark="*neutral_700",
        checkbox_background_color_selected="#c2410c",
        checkbox_background_color_selected_dark="#ea580c",
        checkbox_border_color="*neutral_400",
        checkbox_border_color_dark="*neutral_500",
        slider_color="#c2410c",
        slider_color_dark="#fb923c",
        button_primary_background_fill="#c2410c",
        button_primary_background_fill_hover="#9a3412",
        button_primary_background_fill_dark="#fb923c",
        button_primary_background_fill_hover_dark="#fdba74",
        button_primary_text_color="white",
        button_primary_text_color_dark="#1c1917",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="#292524",
        button_secondary_background_fill_hover_dark="#44403c",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_700",
        button_border_width="1px",
        button_large_text_weight="600",
        button_medium_text_weight="600",
    )
