"""Every word on the page is in both languages, and none is written in the code."""

import ast
import json
import re
from pathlib import Path
from string import Formatter

import pytest

import soundini.web.page
from soundini.web.http.languages import LANGUAGES, choose_language, within_page
from soundini.web.page.texts import Texts

PAGE = Path(soundini.web.page.__file__).parent
WORDS = {
    name: json.loads((PAGE / "texts" / f"{name}.json").read_text(encoding="utf-8"))
    for name in LANGUAGES
}
KEYS_PRESSED = {"ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Enter", "Escape", "POST"}
SHOWN = {"label", "info", "placeholder", "title", "value", "choices"}


def varying(words):
    return sorted(name for _, name, _, _ in Formatter().parse(words) if name)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_languages_say_the_same_things(language):
    english, other = WORDS["en"], WORDS[language]
    assert list(other) == list(english)
    for key, words in english.items():
        assert other[key].strip(), key
        assert varying(other[key]) == varying(words), key


def test_korean_is_korean():
    names = {"title", "other_language", "look.settings_hint", "paint.where"}
    foreign = [
        key
        for key, words in WORDS["ko"].items()
        if not re.search("[가-힣]", words) and not key.startswith(("method.", "job.done"))
    ]
    assert set(foreign) <= names


def test_components_are_given_no_bare_words():
    for path in PAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).startswith("gr."):
                continue
            given = [k.value for k in node.keywords if k.arg in SHOWN] + node.args
            words = [v.value for v in given if isinstance(v, ast.Constant)]
            bare = [w for w in words if isinstance(w, str) and re.search("[A-Z][a-z]| ", w)]
            assert not bare, f"{path.name}:{node.lineno}"


def test_scripts_hold_no_bare_words():
    for path in (PAGE / "assets").glob("*.js"):
        code = re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.M)
        found = set(re.findall(r'"([A-Z][a-z]+[^"]*)"', code)) - KEYS_PRESSED
        assert not found, path.name


def test_every_text_that_a_script_asks_for_is_there():
    for path in (PAGE / "assets").glob("*.js"):
        asked = set(re.findall(r"\btexts\.(\w+)", path.read_text()))
        there = {key.partition(".")[2] for key in WORDS["en"]}
        assert asked <= there, path.name


def test_texts_are_filled_and_grouped():
    texts = Texts("ko")
    assert "3" in texts("job.queue", place=3)
    assert texts.group("paint")["brush"] == WORDS["ko"]["paint.brush"]
    assert texts.get("class.dragon", "dragon") == "dragon"


@pytest.mark.parametrize(
    ("asked", "accepted", "chosen"),
    [
        ("ko", "en-US", "ko"),
        (None, "ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        (None, "de,en;q=0.7,ko;q=0.3", "en"),
        (None, "en;q=0.2,ko;q=0.8", "ko"),
        ("../etc", "ko;q=0, fr", "en"),
        (None, "ko;q=much,;;,q=", "en"),
        (None, "", "en"),
    ],
)
def test_language_is_chosen_by_address_then_by_browser(asked, accepted, chosen):
    assert choose_language(asked, accepted) == chosen


def test_paths_are_seen_from_within_a_page():
    assert within_page("/ko/gradio_api/upload") == "/gradio_api/upload"
    assert within_page("/api/v1/files") == "/api/v1/files"
    assert within_page("/english/x") == "/english/x"
