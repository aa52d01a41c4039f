"""The tables are whole: all that can be said to a visitor has its words, and nothing else has."""

import errno
import io
import json
import os
import re
from importlib import resources
from string import Formatter
from typing import get_args

import av.error
import pytest
from PIL import Image

from raised_messages import HOLE, NOT_REACHED, SOURCE, Modules
from soundini.config.presets import load_preset, override, settings_from
from soundini.errors import ConfigError, MediaError
from soundini.masks.shapes import ShapeKind
from soundini.masks.sources import read_mask_image
from soundini.media.content import EVERY_CONTENT
from soundini.media.limits import FRAMES, VIDEO_SECONDS
from soundini.web.forms.forms import EditForm
from soundini.web.http.languages import LANGUAGES
from soundini.web.views import FileKind
from soundini.web.words.problems import problems_in
from soundini.web.words.template import Template

TEXTS = resources.files("soundini.web") / "page/texts"
TABLES = {
    name: json.loads((TEXTS / f"problems/{name}.json").read_text(encoding="utf-8"))
    for name in LANGUAGES
}
PAGE = {
    name: json.loads((TEXTS / f"{name}.json").read_text(encoding="utf-8")) for name in LANGUAGES
}
MODULES = Modules()
RAISED = MODULES.messages()
VALIDATORS = MODULES.reasons("config/", "web/forms/")
UNKNOWN = TABLES["ko"]["unknown"].removesuffix("{message}")
NAMES = re.compile(
    r"ffmpeg -i .*|soundini|HDR|YUV|H\.273|moov|MiB|dBFS|NaN|JSON|PNG|WebP|GIF|yuv420p|PyAV|pip install av|mp4|wav"
    r"|\.recipe\.json|request|random|true|false|overlap|frames|GB|MB|[a-z]+\.[a-z_]+|compute|LPIPS|=auto"
)
"""What is called the same in Korean."""
OPTIONS = re.compile(r"(^|\s|\()--\w|SOUNDINI_|soundini (jobs|resume|edit|web|weights)\b")


def nameless(text):
    return re.sub(r"\{\w+\}", HOLE, text)


def filled(text):
    return text.replace(HOLE, "7")


def test_there_is_something_to_tell():
    assert len(RAISED) > 140
    assert "{}: is empty (0 bytes); copy or export it again" in RAISED
    assert "too many requests at once; wait a few seconds" in RAISED
    assert any("its sound lasts {} s, more than the limit" in text for text in RAISED)
    assert any("(the picture data is corrupt); copy the file again" in text for text in RAISED)


def test_what_is_left_out_is_there():
    for name in NOT_REACHED:
        module, _, function = name.partition(":")
        assert (SOURCE / module).is_file(), name
        assert not function or function in MODULES.functions[module], name


@pytest.mark.parametrize("text", sorted(RAISED))
def test_everything_has_korean_words_and_no_english_ones(text):
    told = problems_in("ko").words(filled(text))
    assert not told.startswith(UNKNOWN)
    assert re.search("[가-힣]", told)
    assert re.findall("[A-Za-z]{2,}", NAMES.sub("", told)) == []


@pytest.mark.parametrize("text", sorted(RAISED))
def test_no_option_of_the_command_line_is_told_to_a_visitor(text):
    for language in LANGUAGES:
        assert not OPTIONS.search(problems_in(language).words(filled(text)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_is_raised_somewhere(language):
    said = [Template(text) for text in TABLES["ko"]["said"]]

    def raised(text):
        return nameless(text) in RAISED or any(
            found is not None
            and any(part.match(found.get("what", "")) is not None for part in said)
            for found in map(Template(text).match, map(filled, RAISED))
        )

    assert [text for text in TABLES[language]["messages"] if not raised(text)] == []


def test_every_reason_is_given_somewhere():
    kinds = {words for content in EVERY_CONTENT for words in content}
    reasons = RAISED | MODULES.reasons("settings_files.py") | kinds
    for text in TABLES["ko"]["said"]:
        assert any(nameless(text) in reason for reason in reasons), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_take_what_there_is(language):
    groups = [TABLES[language][g] for g in ("messages", "said", "foreign", "validation")]
    for table in groups:
        for text, words in table.items():
            names = re.findall(r"\{(\w+)\}", text)
            assert len(set(names)) == len(names), text
            for _, name, how, _ in Formatter().parse(words):
                assert name is None or name in names or name in PAGE[language], (text, name)
                assert not how or how in ("said", "named"), (text, how)


def test_korean_is_polite_and_of_one_line():
    for text, words in TABLES["ko"]["messages"].items():
        assert re.search(r"(니다|세요|나요)[.?]$|: ffmpeg .*$", words), text
        assert "\n" not in words
    for group in ("messages", "said", "words", "foreign", "validation"):
        for text, words in TABLES["ko"][group].items():
            assert re.search("[가-힣]", words), text


def test_words_of_our_own_have_words():
    kinds = {*get_args(FileKind), *get_args(ShapeKind), FRAMES.unit, VIDEO_SECONDS.unit}
    assert set(TABLES["ko"]["words"]) == kinds


WRONG = [
    *("sampling.steps=abc", "sampling.steps=0", "sampling.steps=1.5", "sampling.steps=[1]"),
    *("guidance.lambda_flow=NaN", "guidance.lambda_flow=x", "guidance.lambda_flow=[1]"),
    *("sampling.noise=foo", "region.track=maybe", "window.overlap=9", "guidance.text=3"),
    *("sound.heard_as=rain=0", "sound.heard_as=1s:rain,1s:sea", "sound.heard_as=rain,1s:sea"),
    *("compute.memory=much", "sampling.steps=1000001", "sampling.steps=-1"),
]
FORMS = [
    {"start": "abc"},
    {"seed": -1},
    {"seed": 2**53},
    {"strength": 9},
    {"settings": ["a" * 1001]},
    {"settings": ["a=1"] * 201},
    {"masks": [{"frame": 0, "file": "a" * 32}] * 2},
    {"masks": [{"frame": 0}]},
    {"masks": [{"frame": 0, "file": "a" * 32, "more": 1}]},
    {"masks": [{"frame": 0, "file": "z"}]},
    {"feather": 3, "end": "-2"},
    {"box": [0.1, 0.1, 0, 0.5]},
    {"whole_frame": True, "box": [0.1, 0.1, 0.5, 0.5]},
]


def refused():
    for assignment in WRONG:
        with pytest.raises(ConfigError) as caught:
            override(load_preset("fast"), [assignment])
        yield str(caught.value)
    for form in FORMS:
        with pytest.raises(ConfigError) as caught:
            settings_from(form, EditForm)
        yield str(caught.value)


def test_wrong_settings_are_told_in_korean():
    for message in refused():
        told = problems_in("ko").words(message)
        assert not told.startswith(UNKNOWN), message
        assert re.search("[가-힣]", told)
        assert not re.search(r"\b(input|should|string|field|list)\b", told, re.I), told


def complaints():
    """What is wrong by itself: after the setting's name, before the value."""
    for message in refused():
        for part in (message, *message.split("; ")):
            _, _, wrong = part.partition(": ")
            yield wrong
            yield from (wrong[: got.start()] for got in re.finditer(", got ", wrong))


def test_every_complaint_about_a_setting_is_made_somewhere():
    made = set(complaints()) | {"JSON decode error"}  # by the HTTP API
    for text in TABLES["ko"]["validation"]:
        first = text if text in made else text[:1].lower() + text[1:]
        assert any(Template(first).match(wrong) is not None for wrong in made), text
    assert set(map(nameless, TABLES["ko"]["validation"])) >= VALIDATORS


def said_by_others(tmp_path):
    """The words of the system, of FFmpeg, of Pillow and of JSON's parser."""
    yield from map(os.strerror, (errno.ENOMEM, errno.ENOSPC, errno.EACCES, errno.EIO))
    for tag in (b"INDA", b"EOF "):
        with pytest.raises(av.error.FFmpegError) as caught:
            av.error.err_check(-av.error.tag_to_code(tag))
        yield str(caught.value.strerror)
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(whole, "PNG")
    picture = whole.getvalue()
    for content in (picture[:2000], picture[:100] + bytes(500) + picture[600:]):
        path = tmp_path / "mask.png"
        path.write_bytes(content)
        with pytest.raises(MediaError) as caught:
            read_mask_image(path, (64, 64))
        found = Template("cannot read the mask image {file}: {why}; save it again as PNG")
        yield (found.match(str(caught.value)) or {})["why"]
    with pytest.raises(ValueError, match="line 1") as caught:
        json.loads("{")
    yield str(caught.value)


def test_what_others_say_is_what_they_say(tmp_path):
    said = list(said_by_others(tmp_path))
    for text in TABLES["ko"]["foreign"]:
        assert any(Template(text).match(words) is not None for words in said), (text, said)
