"""What MkDocs asks while it builds the site: pages that come from declarations, and pictures that wait to be seen."""

from __future__ import annotations

import contextlib
import html
import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from soundini.cli.main import parse
from soundini.cli.settings import describe, values_of
from soundini.config.presets import load_preset, setting
from soundini.config.recipe import Recipe
from soundini.config.section import walk_settings

ROOT = Path(__file__).parents[2]
CARDS = ("src/soundini/packs/embedded/MODEL_CARD.md",)
PRESETS = ("fast", "quality", "paper")
MARK = re.compile(r"<!-- generated: ([a-z ]+) -->")
ROLE = re.compile(r":(?:class|meth|func|data|attr|mod):<code>(?:~(?:\w+\.)+)?")
WIDTH = "78"
"""Columns that fit the page's text."""


def on_page_markdown(markdown: str, **_context: Any) -> str:
    """Put what is generated where a page asks for it: ``<!-- generated: settings -->``."""
    return MARK.sub(lambda mark: GENERATED[mark[1]](), markdown)


def on_page_content(content: str, **_context: Any) -> str:
    """Let pictures be fetched when they come into view, and take what only Sphinx reads out of docstrings."""
    content = ROLE.sub("<code>", content).replace("<p>Example::</p>", "<p>Example:</p>")
    return re.sub(r"<img (?![^>]*loading=)", '<img loading="lazy" ', content)


def settings_table() -> str:
    """Every setting of the recipe by section: what it does, its values, and what it is in the presets."""
    lines: list[str] = []
    section = None
    for name, field in walk_settings(Recipe):
        if (here := name.rpartition(".")[0]) != section:
            section = here
            lines += ["", f"## {section or 'The edit'}", ""]
            lines += ["| setting | what it does | values | in the presets |", "|---|---|---|---|"]
        values = html.escape(values_of(field)).replace("|", " &#124; ")
        shown = f"<code>{name.replace('.', '.<wbr>')}</code>"
        lines.append(f"| {shown} | {describe(field)} | {values} | {_in_presets(name)} |")
    return "\n".join(lines)


def commands() -> str:
    """The help of every command, as the command line prints it."""
    parts = []
    for command in _commands(()):
        name = " ".join(("soundini", *command))
        parts.append(f"## {name}\n\n```text\n{_help(command).strip()}\n```")
    return "\n\n".join(parts)


def model_cards() -> str:
    """The cards of the packs, with links as seen from the site."""
    return "\n\n".join(_card(ROOT / card) for card in CARDS)


GENERATED: dict[str, Callable[[], str]] = {
    "settings": settings_table,
    "commands": commands,
    "model cards": model_cards,
}


def _in_presets(name: str) -> str:
    """The value in the first preset, and in the others where theirs is another."""
    first, *others = [str(setting(load_preset(preset), name)) for preset in PRESETS]
    differ = [f"{p}: `{v}`" for p, v in zip(PRESETS[1:], others, strict=True) if v != first]
    return "<br>".join([f"`{first}`" if first else "empty", *differ])


def _card(path: Path) -> str:
    """A card whose headings are one level lower and whose links into docs/ begin there."""
    text = re.sub(r"^#", "##", path.read_text(), flags=re.MULTILINE)
    return re.sub(r"\]\((?:\.\./)+docs/", "](", text)


def _commands(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    listed = re.findall(r"^│ +• ([a-z][a-z -]*?)(?:  |\n| *│)", _help(path), re.MULTILINE)
    if path:
        yield path
    for name in listed:
        yield from _commands((*path, *name.split()))


def _help(command: tuple[str, ...]) -> str:
    """What ``soundini COMMAND --help`` prints into a terminal of :data:`WIDTH`."""
    paper = io.TextIOWrapper(
        io.BytesIO(), encoding="utf-8"
    )  # asked for its encoding, to draw boxes
    columns = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDTH
    try:
        with contextlib.redirect_stdout(paper), contextlib.suppress(SystemExit):
            parse([*command, "--help"])
    finally:
        os.environ.pop("COLUMNS")
        if columns is not None:
            os.environ["COLUMNS"] = columns
    paper.seek(0)
    return paper.read()
