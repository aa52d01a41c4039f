"""How to edit: what can be set on the page, and the form that is made of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from soundini.config.presets import differences, load_preset, preset_of, settings_from
from soundini.config.recipe import RegionConfig
from soundini.errors import ConfigError, MaskError
from soundini.web.forms.forms import EditForm, Scope
from soundini.web.page.draft import Draft
from soundini.web.page.texts import Texts

PRESETS = ("fast", "quality")
"""Those for small models; the others are for networks of the paper's size, and pull these to flat colours."""
_GIVEN = ("compute.", "seed", "method", "region.dilate", "region.track")
"""Settings that a form has fields for whatever the preset, or that are the server's to choose."""
_METHODS = ("soundini", "blended-diffusion", "layered-atlases", "vqgan-clip")
_AUDIO = ("guide", "source", "mix", "none")
_AUDIO_SETTING = "output.audio="
_LOOP = "sound.loop=true"
_TEXT_SETTING = "guidance.text="
_NEUTRAL = 1.0
_FEATHER = str(RegionConfig().feather)


@dataclass(frozen=True)
class Controls:
    """The components of the settings, in the order in which handlers are given their values.

    Args:
        preset: settings to begin with.
        strength: factor on the guidance.
        audio: sound of the result.
        loop: whether a sound that is shorter than the part is repeated.
        track: whether the mask follows the motion.
        whole: whether all of every frame is edited.
        start: first frame or time of the part, as the recipe writes it; empty for the beginning.
        end: one past the last.
        feather: soft edge as a share of the region; empty for the preset's.
        dilate: pixels by which the mask grows.
        seed: of the noise.
        method: how frames are edited.
        settings: more settings, one a line.
        heard_as: what the sound is, as the visitor says; empty for what is heard. Hidden where the models know no classes.
        text: what the region should look like, in words; hidden where the models have no text tower.
    """

    preset: gr.Radio
    strength: gr.Slider
    audio: gr.Radio
    loop: gr.Checkbox
    track: gr.Checkbox
    whole: gr.Checkbox
    start: gr.Textbox
    end: gr.Textbox
    feather: gr.Textbox
    dilate: gr.Number
    seed: gr.Number
    method: gr.Dropdown
    settings: gr.Textbox
    heard_as: gr.Radio
    text: gr.Textbox

    @property
    def all(self) -> list[Any]:
        """All of them, in order."""
        return list(vars(self).values())


def presets_for(models: str) -> tuple[str, ...]:
    """The presets that are worth choosing with a model pack; the first is the usual one."""
    return tuple(dict.fromkeys((preset_of(models), *PRESETS)))


@dataclass(frozen=True)
class Elsewhere:
    """Controls that stand elsewhere on the page.

    Args:
        track: beside the painter.
        whole: beside the painter.
        heard_as: under the waveform.
        text: in the same place.
    """

    track: gr.Checkbox
    whole: gr.Checkbox
    heard_as: gr.Radio
    text: gr.Textbox


def make_controls(texts: Texts, presets: Sequence[str], elsewhere: Elsewhere) -> Controls:
    """Lay the settings out, within the block that is open.

    Args:
        texts: the words.
        presets: to choose from; the first is chosen.
        elsewhere: those that stand elsewhere.
    """
    preset = gr.Radio(
        [(texts.get(f"preset.{name}", name), name) for name in presets],
        value=presets[0],
        label=texts["look.preset"],
        info=texts["look.preset_info"],
    )
    strength = gr.Slider(
        0.25,
        2,
        value=_NEUTRAL,
        step=0.05,
        label=texts["look.strength"],
        info=texts["look.strength_info"],
        buttons=[],
    )
    audio = gr.Radio(
        [(texts[f"audio.{name}"], name) for name in _AUDIO],
        value=_AUDIO[0],
        label=texts["look.audio"],
    )
    loop = gr.Checkbox(label=texts["look.loop"], info=texts["look.loop_info"])
    with gr.Accordion(texts["look.more"], open=False):
        with gr.Row():
            start = gr.Textbox(label=texts["look.start"], placeholder="0s", max_lines=1)
            end = gr.Textbox(label=texts["look.end"], placeholder="4.5s", max_lines=1)
        with gr.Row():
            feather = gr.Textbox(  # a Number of Gradio's makes 0 of nothing as soon as it is seen
                label=texts["look.feather"],
                info=texts["look.feather_info"],
                placeholder=_FEATHER,
                max_lines=1,
            )
            dilate = gr.Number(0, label=texts["look.dilate"], minimum=-512, maximum=512)
        with gr.Row():
            seed = gr.Number(0, label=texts["look.seed"], info=texts["look.seed_info"], precision=0)
            method = gr.Dropdown(
                [(texts[f"method.{name}"], name) for name in _METHODS],
                value=_METHODS[0],
                label=texts["look.method"],
                filterable=False,
            )
        settings = gr.Textbox(
            label=texts["look.settings"], placeholder=texts["look.settings_hint"], lines=2
        )
    return Controls(
        preset=preset,
        strength=strength,
        audio=audio,
        loop=loop,
        track=elsewhere.track,
        whole=elsewhere.whole,
        start=start,
        end=end,
        feather=feather,
        dilate=dilate,
        seed=seed,
        method=method,
        settings=settings,
        heard_as=elsewhere.heard_as,
        text=elsewhere.text,
    )


def read_form(
    texts: Texts, draft: Draft, mask: tuple[int, str] | None, values: list[Any], scope: Scope
) -> EditForm:
    """The form that the page stands at.

    Args:
        texts: the words of what may be missing.
        draft: the files and the frame.
        mask: a frame and the mask that is painted there but is no keyframe, or None.
        values: of :attr:`Controls.all`.
        scope: how much is edited.

    Raises:
        ConfigError: a file is missing, or a setting is none.
    """
    if draft.video is None:
        raise ConfigError(texts["need.video"])
    if draft.sound is None:
        raise ConfigError(texts["need.sound"])
    names = Controls.__dataclass_fields__
    given = dict(zip(names, values, strict=True))
    lines = [line.strip() for line in str(given["settings"] or "").splitlines() if line.strip()]
    for line in lines:
        if "=" not in line:
            raise ConfigError(texts("need.settings", line=line))
    text = str(given["text"] or "").strip()
    keyframes = dict(draft.keyframes) | ({mask[0]: mask[1]} if mask is not None else {})
    form = {
        "video": draft.video,
        "sound": draft.sound,
        "masks": [
            {"frame": frame, "file": file}
            for frame, file in sorted(keyframes.items())
            if not given["whole"]
        ],
        "whole_frame": bool(given["whole"]),
        "track": True if given["track"] else None,
        "preset": given["preset"],
        "strength": given["strength"],
        "heard_as": given["heard_as"] or "",
        "settings": [
            f"{_AUDIO_SETTING}{given['audio']}",
            *([_LOOP] if given["loop"] else []),
            *([f"{_TEXT_SETTING}{json.dumps(text)}"] if text else []),
            *lines,
        ],
        "start": str(given["start"] or "").strip() or None,
        "end": str(given["end"] or "").strip() or None,
        "feather": str(given["feather"] or "").strip() or None,
        "dilate": given["dilate"] or 0,
        "seed": int(given["seed"] or 0),
        "method": given["method"],
        "scope": scope,
        "at": draft.frame,
    }
    return settings_from(form, EditForm)


def need_mask(texts: Texts, form: EditForm) -> EditForm:
    """The form, if it says where to edit.

    Raises:
        MaskError: nothing is painted.
    """
    if not form.has_mask:
        raise MaskError(texts["need.mask"])
    return form


def values_of(
    form: EditForm, presets: Sequence[str] = PRESETS, *, has_text: bool = False
) -> dict[str, Any]:
    """What the controls stand at for a form, by their names.

    Args:
        form: what was asked.
        presets: that can be chosen; another one is told by its settings.
        has_text: whether the page has a field for words about the region; else they stay among the settings.
    """
    preset, told = form.preset, []
    if preset not in presets:
        preset = presets[0]
        changed = differences(load_preset(form.preset), preset)
        told = [f"{n}={json.dumps(v)}" for n, v in changed.items() if not n.startswith(_GIVEN)]
    audio = [s.removeprefix(_AUDIO_SETTING) for s in form.settings if s.startswith(_AUDIO_SETTING)]
    others = [s for s in form.settings if not s.startswith(_AUDIO_SETTING) and s != _LOOP]
    words = [s for s in others if has_text and s.startswith(_TEXT_SETTING)]
    others = [s for s in others if s not in words]
    return {
        "preset": preset,
        "strength": form.strength,
        "audio": audio[-1].strip('"') if audio else _AUDIO[0],
        "loop": _LOOP in form.settings,
        "track": bool(form.track),
        "whole": form.whole_frame,
        "start": form.start or "",
        "end": form.end or "",
        "feather": "" if form.feather is None else str(form.feather),
        "dilate": form.dilate,
        "seed": form.seed,
        "method": form.method,
        "settings": "\n".join([*told, *others]),
        "heard_as": form.heard_as,
        "text": _unquoted(words[-1].removeprefix(_TEXT_SETTING)) if words else "",
    }


def _unquoted(text: str) -> str:
    """The text of a setting, which may be written as JSON or plainly."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text
