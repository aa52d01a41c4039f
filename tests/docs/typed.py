"""Commands that stand in the pages, checked without being done: each must mean something here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable

import pytest

from soundini.cli.main import parse

from .pages import ROOT

HARMLESS = {"mkdir", "cd", ".", "git"}
SHORTENED = re.compile("Required options|Missing subcommand|invalid choice '[A-Z]+'")
"""What the parser says of a command that is named without all it needs, or with a name in capitals in place of a value."""


def check(words: list[str], capsys: pytest.CaptureFixture[str], *, whole: bool = True) -> None:
    """Fail where a command would not be understood.

    Args:
        words: the command.
        capsys: holds what is printed.
        whole: whether what it needs must be there; a command that is named in a sentence may lack it.
    """
    program = words[0]
    if program in CHECKS:
        CHECKS[program](words)
    elif program in ("soundini", "torchrun", "docker"):
        _soundini(words, capsys, whole)
    else:
        assert program in HARMLESS, f"no test knows {program}"


def _soundini(words: list[str], capsys: pytest.CaptureFixture[str], whole: bool) -> None:
    arguments = own_arguments(words)
    if arguments is None:
        return
    if arguments == ["--version"]:
        return
    try:
        parse(arguments)
    except SystemExit as end:
        told = capsys.readouterr()
        if end.code == 0:  # help was asked for
            return
        assert not whole, f"{' '.join(words)}\n{told.err}"
        assert SHORTENED.search(told.err), f"{' '.join(words)}\n{told.err}"


def own_arguments(words: list[str]) -> list[str] | None:
    """What follows ``soundini`` in a command, started by whatever; None where it does not start it."""
    if words[0] == "soundini":
        return words[1:]
    if words[0] == "torchrun":
        return words[words.index("soundini") + 1 :]
    assert words[:2] in (["docker", "build"], ["docker", "run"]), words
    if words[1] == "build":
        file = words[words.index("-f") + 1] if "-f" in words else "Dockerfile"
        assert (ROOT / file).is_file(), file
        return None
    image = next(i for i, word in enumerate(words) if re.fullmatch(r"soundini(:\w+)?", word))
    return words[image + 1 :]


def _make(words: list[str]) -> None:
    for target in words[1:]:
        if "=" not in target:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), target


def _pip(words: list[str]) -> None:
    assert words[1] == "install"
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for word in words[2:]:
        if extras := re.fullmatch(r"(?:\.|/src|soundini\b.*?)\[(.+)\](?: @ .+)?", word):
            unknown = set(extras[1].split(",")) - set(settings["project"]["optional-dependencies"])
            assert not unknown, words


def _python(words: list[str]) -> None:
    script = words[1]
    if script.startswith("-"):
        assert words[1:3] == ["-m", "venv"], words
        return
    text = (ROOT / script).read_text()
    for word in words[2:]:
        if word.startswith("--"):
            assert f'"{word.partition("=")[0]}"' in text, f"{script} has no {word}"


CHECKS: dict[str, Callable[[list[str]], None]] = {
    "make": _make,
    "pip": _pip,
    "python": _python,
    "python3": _python,
}
