"""The tables are whole: all that a visitor can meet has its words, and nothing else has."""

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

from raised_messages import NOT_REACHED, SOURCE, raised, visible
from soundini.config.presets import load_preset, override, settings_from
from soundini.errors import ConfigError, MediaError, Message
from soundini.masks.shapes import ShapeKind
from soundini.masks.sources import read_mask_image
from soundini.media.limits import FRAMES, VIDEO_SECONDS
from soundini.settings_files import read_json
from soundini.web.form import EditForm
from soundini.web.http.replies import LANGUAGES
from soundini.web.views import FileKind
from soundini.web.words.problems import problems_in

TEXTS = resources.files("soundini.web") / "page/texts"
TABLES = {
    name: json.loads((TEXTS / f"problems/{name}.json").read_text(encoding="utf-8"))
    for name in LANGUAGES
}
PAGE = {
    name: json.loads((TEXTS / f"{name}.json").read_text(encoding="utf-8")) for name in LANGUAGES
}
VISIBLE = visible()
UNKNOWN = TABLES["ko"]["unknown"].removesuffix("{message}")
NAMES = re.compile(
    r"0s:fire,4\.2s:rain|rain=0\.7|"
    r"ffmpeg -i .*|soundini|HDR|YUV|H\.273|moov|MiB|dBFS|NaN|JSON|PNG|WebP|GIF|yuv420p|PyAV|pip install av|mp4|wav|"
    r"7-Zip|PDF|PostScript|RAR|ZIP|SVG|MATLAB|pickle|git lfs pull|Git LFS|HTML|HDF5|gzip|\.npz|\.zip|\.npy|\.h5|\.mat"
    r"|\.recipe\.json|request|random|true|false|overlap|frames|GB|MB|[a-z]+\.[a-z_]+|compute|LPIPS|=auto"
)
"""What is called the same in Korean."""
OPTIONS = re.compile(r"(^|\s|\()--\w|SOUNDINI_|soundini (jobs|resume|edit|web|weights)\b")
BY_PYDANTIC = ("input should", "string should", "field required", "extra inputs", "{field_type}")
BY_OTHERS = {"JSON decode error", *TABLES["ko"]["words"]}


def fields(template):
    return [name for _, name, _, _ in Formatter().parse(template) if name]


def filled(template):
    return Message(template, dict.fromkeys(fields(template), 7))


def test_there_is_something_to_tell():
    assert len(VISIBLE) > 130
    assert "{file}: is empty (0 bytes); copy or export it again" in VISIBLE
    assert "too many requests at once; wait a few seconds" in VISIBLE
    assert "its sound lasts {seconds:.0f} s" in VISIBLE


def test_what_is_left_out_is_there():
    places = {place for place, _ in raised()}
    for name in NOT_REACHED:
        assert (SOURCE / name.partition(":")[0]).is_file(), name
        assert ":" not in name or name in places, name


def test_everything_has_korean_words_and_no_english_ones():
    for template in sorted(VISIBLE):
        if fields(template) and not re.search("[a-z]", re.sub(r"{.*?}", "", template)):
            continue  # values alone
        told = problems_in("ko").words(filled(template))
        assert not told.startswith(UNKNOWN), template
        assert re.search("[가-힣]", told), template
        assert re.findall("[A-Za-z]{2,}", NAMES.sub("", told)) == [], (template, told)


def test_no_option_of_the_command_line_is_told_to_a_visitor():
    for language in LANGUAGES:
        for template in sorted(VISIBLE):
            told = problems_in(language).words(filled(template))
            assert not OPTIONS.search(told), (template, told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_raised_somewhere(language):
    table = TABLES[language]["messages"] | TABLES[language]["parts"]
    unknown = [
        text
        for text in table
        if text not in VISIBLE | BY_OTHERS and not text.startswith(BY_PYDANTIC)
    ]
    assert unknown == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_take_what_there_is(language):
    for group in ("messages", "parts"):
        for template, words in TABLES[language][group].items():
            if template not in VISIBLE and "'^" in template:
                continue  # one value of a sentence
            for _, name, how, _ in Formatter().parse(words):
                assert name is None or name in fields(template) or name in PAGE[language], template
                assert not how or how in ("said", "named", "shell"), (template, how)


def test_korean_is_polite_and_of_one_line():
    for text, words in TABLES["ko"]["messages"].items():
        if fields(text) and re.sub(r"{.*?}", "", words).strip(" .:()") in ("", "받은 값"):
            continue  # values alone
        assert re.search(r"(니다|세요|나요)[.?]$|: ffmpeg .*$|{suggest}$|{wrong}", words), text
        assert "\n" not in words
    for group in ("messages", "parts", "words"):
        for text, words in TABLES["ko"][group].items():
            assert text == words or re.search("[가-힣]|{wrong}", words), text


def test_words_of_our_own_have_words():
    kinds = {*get_args(FileKind), *get_args(ShapeKind), FRAMES.unit, VIDEO_SECONDS.unit}
    assert kinds <= TABLES["ko"]["words"].keys()


WRONG = [
    *("sampling.steps=abc", "sampling.steps=0", "sampling.steps=1.5", "sampling.steps=[1]"),
    *(
        "atlases.learning_rate=0",
        "guidance.lambda_flow=NaN",
        "guidance.lambda_flow=x",
        "guidance.lambda_flow=[1]",
    ),
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
        yield caught.value.message
    for form in FORMS:
        with pytest.raises(ConfigError) as caught:
            settings_from(form, EditForm)
        yield caught.value.message


def test_wrong_settings_are_told_in_korean():
    for message in refused():
        told = problems_in("ko").words(message)
        assert not told.startswith(UNKNOWN), message
        assert re.search("[가-힣]", told)
        assert not re.search(r"\b(input|should|string|field|list)\b", told, re.I), told


def test_every_complaint_about_a_setting_is_made_somewhere():
    problems = [problem for message in refused() for problem in message.values.get("problems", ())]
    made = {problem.values["wrong"].template for problem in problems}
    made |= {str(problem.values["wrong"]) for problem in problems}
    table = {text for text in TABLES["ko"]["parts"] if text.startswith(BY_PYDANTIC)}
    assert table - made == set()


def said_by_others(tmp_path):
    """The words of the system, of FFmpeg and of Pillow."""
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
        with pytest.raises(MediaError) as unread:
            read_mask_image(path, (64, 64))
        yield str(unread.value.message.values["why"])


def test_what_others_say_is_what_they_say(tmp_path):
    ours = {*get_args(FileKind), *get_args(ShapeKind), FRAMES.unit, VIDEO_SECONDS.unit}
    said = set(said_by_others(tmp_path))
    assert [words for words in TABLES["ko"]["words"] if words not in said | ours] == []


def test_what_is_wrong_with_json_has_a_line_and_a_column(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ValueError, match="line 1 column 2") as caught:
        read_json(tmp_path / "a.json")
    told = problems_in("ko").words(caught.value.args[0])
    assert told == "JSON이 1번째 줄 2번째 글자에서 잘못됨"
