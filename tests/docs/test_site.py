"""The site builds without a warning and without a network, and asks its reader's browser for nothing from elsewhere."""

import os
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from markdown_it import MarkdownIt

import soundini
from soundini.config.presets import load_preset, setting
from soundini.config.recipe import Recipe
from soundini.config.section import walk_settings

from .pages import NOTEBOOK, ROOT, markdown_files

OFFLINE = """
import socket, sys
def refuse(*_):
    raise SystemExit("the build asks the network")
socket.socket.connect = socket.getaddrinfo = refuse
from mkdocs.__main__ import cli
cli(sys.argv[1:])
"""
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
"""What a browser fetches by itself."""
HEAVIEST = 2 * 2**20
"""Bytes of a page with all it shows, besides what every page shares."""


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The built site. Not by ``--quiet``, under which warnings do not count and ``--strict`` means nothing."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-c", OFFLINE, "build", "--strict", "-d", str(folder)]
    built = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


class Page(HTMLParser):
    """What a page loads, where it links, and its text."""

    def __init__(self, path):
        super().__init__()
        self.loads, self.ids, self.text = [], set(), []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids.add(found.get("id"))
        if found.get(LOADED.get(tag, "")) and found.get("rel") != "canonical":
            self.loads.append(found[LOADED[tag]])

    def handle_data(self, data):
        self.text.append(data)


def pages(site):
    found = sorted(site.rglob("*.html"))
    assert len(found) > 20
    return found


def test_nothing_is_fetched_from_elsewhere(site):
    for path in pages(site):
        for address in Page(path).loads:
            assert not urlsplit(address).netloc, f"{path.name} loads {address}"
    for style in site.rglob("*.css"):
        assert "url(http" not in style.read_text()


def test_pages_are_light(site):
    for path in pages(site):
        loads = [unquote(urlsplit(address).path) for address in Page(path).loads]
        pictures = {
            site / name[1:] if name.startswith("/") else (path.parent / name).resolve()
            for name in loads
            if name.endswith((".png", ".webp", ".jpg"))
        }
        weight = path.stat().st_size + sum(p.stat().st_size for p in pictures)
        assert weight < HEAVIEST, f"{path.name} weighs {weight / 2**20:.1f} MiB"


def test_every_public_name_is_in_the_reference(site):
    ids = Page(site / "api.html").ids
    for name in soundini.__all__:
        found = getattr(soundini, name)
        if not name.startswith("_") and name != "Recipe":  # its sections have a page of their own
            assert {f"soundini.{name}", f"{found.__module__}.{found.__qualname__}"} & ids, name


def test_every_setting_is_in_its_table(site):
    rows = "".join(Page(site / "settings-all.html").text)
    quality = load_preset("quality")
    for name, _field in walk_settings(Recipe):
        assert name in rows
        assert str(setting(quality, name)) in rows


def test_commands_and_cards_are_put_in(site):
    commands = "".join(Page(site / "cli.html").text)
    for words in (
        "soundini edit",
        "soundini train sound-encoder",
        "soundini jobs clean",
        "--stride",
    ):
        assert words in commands
    assert "Known failures" in "".join(Page(site / "model-cards.html").text)
    assert not [path.name for path in pages(site) if "<!-- generated:" in path.read_text()]


@pytest.mark.parametrize("page", markdown_files(), ids=lambda page: page.name)
def test_links_into_the_repository_lead_somewhere(page):
    """Those of the README and the cards too, which are no pages of the site."""
    for token in MarkdownIt().enable("table").parse(page.read_text()):
        for child in token.children or ():
            address = child.attrs.get("href") or child.attrs.get("src")
            if address and not urlsplit(str(address)).netloc:
                path = unquote(urlsplit(str(address)).path)
                assert (page.parent / path).exists(), f"{page.name} links to {address}"


def test_notebook_is_one():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
