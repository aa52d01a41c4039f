"""The pages as a reader who types sees them: fenced blocks, the commands in them, and what is said above them."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "soundini_colab.ipynb"
SHELL = {"", "bash", "console", "sh"}
SHOWN = {"text", "yaml"}
"""Languages of blocks that nobody types into a terminal."""
ELSEWHERE = dict.fromkeys(("web.md", "http-api.md"), "it needs a server: tests/web does it")
"""Pages whose blocks other tests do."""
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
LOOP = re.compile(r"for (\w+) in (.+); do\n(.*?)\ndone", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Args:
        page: its file.
        line: where it begins, from 1.
        language: what stands behind the fence.
        text: what is in it.
        reason: why no test runs it, as the comment above it says; None where one does.
    """

    page: Path
    line: int
    language: str
    text: str
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @cached_property
    def commands(self) -> list[list[str]]:
        """The words of each command: prompts, comments and prints left out, loops written out, ``&&`` taken apart."""
        text = LOOP.sub(_written_out, self.text.replace("\\\n", " "))
        lines = [line.removeprefix("$ ") for line in text.splitlines()]
        return [words for line in lines for words in _split(shlex.split(line, comments=True))]


def _split(words: list[str]) -> list[list[str]]:
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "&&":
            commands.append([])
        else:
            commands[-1].append(word)
    return [command for command in commands if command]


def _written_out(loop: re.Match[str]) -> str:
    name, values, body = loop.groups()
    return "\n".join(body.replace(f"${name}", value).strip() for value in values.split())


def markdown_files() -> list[Path]:
    """The README, all pages of the site, and the cards that it shows."""
    cards = sorted((ROOT / "src").rglob("MODEL_CARD.md"))
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *cards]


def blocks_of(page: Path) -> list[Block]:
    """Every fenced block of a page."""
    found, reason = [], None
    elsewhere = ELSEWHERE.get(page.name)
    for token in MarkdownIt().parse(page.read_text()):
        if token.type == "html_block" and (match := NOT_RUN.search(token.content)):
            reason = match[1]
        elif token.type == "fence":
            line = token.map[0] + 1 if token.map else 0
            found.append(Block(page, line, token.info.strip(), token.content, reason or elsewhere))
            reason = None
        elif token.nesting >= 0 and token.level == 0:
            reason = None  # a comment counts for what it stands directly above
    return found


def notebook_blocks() -> list[Block]:
    """The notebook's code cells: lines that begin with ! are commands, the others Python."""
    blocks = []
    for number, cell in enumerate(json.loads(NOTEBOOK.read_text())["cells"], 1):
        if cell["cell_type"] == "code":
            lines = "".join(cell["source"]).splitlines()
            shell = "\n".join(line[1:] for line in lines if line[:1] in ("!", "%"))
            rest = "\n".join(line for line in lines if line[:1] not in ("!", "%"))
            blocks.append(Block(NOTEBOOK, number, "bash", shell, "it needs Colab"))
            blocks.append(Block(NOTEBOOK, number, "python", rest, "it needs Colab"))
    return blocks


def container_blocks() -> list[Block]:
    """What the Dockerfiles run, as blocks."""
    blocks = []
    for path in sorted(ROOT.glob("Dockerfile*")):
        lines = path.read_text().replace("\\\n", " ").splitlines()
        runs = [line.removeprefix("RUN ") for line in lines if line.startswith("RUN ")]
        blocks.append(Block(path, 1, "bash", "\n".join(runs), "there is no Docker here"))
    return blocks


def named_commands(page: Path) -> list[list[str]]:
    """Commands named within a page's sentences, such as ``soundini weights list``; those with ``...`` are no more than names."""
    found = []
    for token in MarkdownIt().enable("table").parse(page.read_text()):
        for child in token.children or ():
            if child.type == "code_inline" and child.content.startswith("soundini "):
                words = shlex.split(child.content)
                found.append([word for word in words if word != "..."])
    return found
