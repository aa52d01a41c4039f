"""The page as files: what is served, in which language, and that every word of it is in both."""

import json
import re
from pathlib import Path
from string import Formatter

import httpx
import pytest

import soundini.web.page
from soundini.web.http.page import page_texts
from soundini.web.http.replies import LANGUAGES, choose_language

from .conftest import serving

PAGE = Path(soundini.web.page.__file__).parent
SCRIPTS = sorted((PAGE / "assets").glob("*.js"))
WORDS = {name: page_texts(name) for name in LANGUAGES}
SAME_IN_KOREAN = {"title", "other_language", "look.settings_hint"}
OF_THE_BROWSER = {
    *("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Enter", "Escape", "Home", "End"),
    *("POST", "GET", "PATCH", "DELETE", "AbortError"),
}
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A client at a server that has a page."""
    from soundini.web.service import EditService

    service = EditService(tmp_path_factory.mktemp("web"), models="debug")
    with serving(service) as address, httpx.Client(base_url=address) as client:
        yield client
    service.close()


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
    foreign = {key for key, words in WORDS["ko"].items() if not re.search("[가-힣]", words)}
    assert {key for key in foreign if not key.startswith("method.")} <= SAME_IN_KOREAN


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_hold_no_bare_words(script):
    code = re.sub(r"^\s*//.*$", "", script.read_text(), flags=re.M)
    found = set(re.findall(r'"([A-Z][a-z]+[^"]*)"', code)) - OF_THE_BROWSER
    assert not found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_word_that_a_script_asks_for_is_there(script):
    code = script.read_text()
    asked = set(re.findall(r'\btext\("([\w.-]+)"', code))
    assert asked <= WORDS["en"].keys()
    for group in re.findall(r"\btext\(`([\w.]+)\$\{", code):
        assert any(key.startswith(group) for key in WORDS["en"]), group


def test_every_word_is_asked_for_somewhere():
    code = "\n".join(path.read_text() for path in SCRIPTS) + (PAGE / "index.html").read_text()
    tables = "".join(path.read_text() for path in (PAGE / "texts/problems").glob("*.json"))
    groups = set(re.findall(r"`([\w.]+)\$\{", code))
    for key in WORDS["en"]:
        name = key.rpartition(".")[2]
        made = any(key.startswith(group) for group in groups)
        assert made or f'"{key}"' in code or f"{{{{{name}}}}}" in code or key in tables, key


def test_no_script_makes_markup_or_runs_text():
    for path in SCRIPTS:
        found = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function",
            path.read_text(),
        )
        assert not found, path.name


def test_the_page_is_served_in_each_language_with_all_that_it_names(page):
    for language in LANGUAGES:
        html = page.get(f"/{language}/").raise_for_status()
        assert html.headers["content-type"].startswith("text/html")
        assert f'<html lang="{language}">' in html.text
        assert "{{" not in html.text
        words = re.search(r'id="words">(.*?)</script>', html.text, re.S)
        assert words is not None
        assert json.loads(words[1]) == WORDS[language]
        for name in re.findall(r'(?:src|href)="(/page/[^"]+)"', html.text):
            asset = page.get(name).raise_for_status()
            assert "immutable" in asset.headers["cache-control"]


def test_the_page_is_light_and_asks_no_other_host(page):
    weight = len(page.get("/en/").content)
    for path in (PAGE / "assets").iterdir():
        text = path.read_text()
        addresses = set(re.findall(r"https?://[\w./]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not addresses, path.name
        weight += len(text.encode())
    assert weight < MOST_BYTES


def test_modules_import_what_is_there():
    for path in SCRIPTS:
        for name in re.findall(r'from "\./([\w.]+)"', path.read_text()):
            assert (PAGE / "assets" / name).is_file(), (path.name, name)


@pytest.mark.parametrize(
    "path",
    ["/de/", "/page/x/none.js", "/page/x/..%2findex.html", "/page/x/%2e%2e/texts/en.json"],
)
def test_what_is_no_file_of_the_page_is_not_there(page, path):
    assert page.get(path).status_code == 404


def test_an_old_version_of_a_file_is_not_kept(page):
    assert page.get("/page/0000/main.js").headers["cache-control"] == "no-cache"


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
def test_language_is_chosen_by_address_then_by_browser(page, asked, accepted, chosen):
    assert choose_language(asked, accepted) == chosen
    answer = page.get(
        "/", params={"lang": asked} if asked else {}, headers={"accept-language": accepted}
    )
    assert answer.headers["location"] == f"/{chosen}/"
