"""What errors and warnings are made of: a constant sentence, its values, and options that each front end words."""

import ast
import pickle
import re
from pathlib import Path
from string import Formatter

import pytest

from raised_messages import SOURCE, raised
from soundini.cli.words import shown
from soundini.errors import ConfigError, MediaError, Message, Option, message_of

OPTION = re.compile(r"(?<![\w-])--[a-z]")
FRONT_ENDS = ("cli", "web")


def test_an_error_holds_its_sentence_and_its_values():
    error = MediaError("{file}: is {width}x{height}", file=Path("a.mp4"), width=3, height=4)
    assert str(error) == "a.mp4: is 3x4"
    assert error.message.template == "{file}: is {width}x{height}"
    assert error.message.values == {"file": Path("a.mp4"), "width": 3, "height": 4}
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("text", ["a {b} c", "{", "100 %", "{file}: is"])
def test_text_without_values_is_taken_as_it_is(text):
    assert str(ConfigError(text)) == text


def test_values_are_never_read_as_sentences():
    assert (
        str(ConfigError("{name!r} is no {kind}", name="{kind}", kind="box")) == "'{kind}' is no box"
    )


@pytest.mark.parametrize(
    ("name", "word"),
    [("a b.mp4", "'a b.mp4'"), ("-i.mp4", "./-i.mp4"), ("$(x).mp4", "'$(x).mp4'")],
)
def test_a_file_for_a_shell_is_one_word(name, word):
    message = Message("{file}: ffmpeg -i {file:shell}", {"file": Path("/tmp") / name})
    assert str(message) == f"/tmp/{name}: ffmpeg -i {word}"


def test_messages_inside_messages():
    inner = MediaError("{file}: is empty", file="a.mp4")
    assert str(ConfigError("row 3: {why}", why=inner)) == "row 3: a.mp4: is empty"
    both = Message("{problems}", {"problems": (Message("one"), Message("{n}", {"n": 2}))})
    assert str(both) == "one; 2"
    assert message_of(ValueError(both)) is both
    assert str(message_of(OSError("a\nb"))) == "a b"


@pytest.mark.parametrize(
    ("option", "python", "typed"),
    [
        (Option("sound.heard_as", "rain"), "sound.heard_as=rain", "--heard-as rain"),
        (Option("sound.heard_as", "a b"), "sound.heard_as=a b", "--heard-as 'a b'"),
        (Option("region.label"), "region.label", "--mask-label"),
        (Option("sampling.steps", "8"), "sampling.steps=8", "--set sampling.steps=8"),
        (Option("sound.offset"), "sound.offset", "sound.offset"),
        (Option("whole_frame"), "whole_frame", "--whole-frame"),
    ],
)
def test_an_option_is_worded_by_whoever_shows_it(option, python, typed):
    message = Message("give {option}", {"option": option})
    assert str(message) == f"give {python}"
    assert shown(message) == f"give {typed}"


def test_no_option_of_the_command_line_is_named_outside_the_front_ends():
    """In messages and in docstrings alike."""
    found = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path in sorted(SOURCE.rglob("*.py"))
        if path.relative_to(SOURCE).parts[0] not in FRONT_ENDS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and OPTION.search(node.value)
    ]
    assert found == []


def test_every_message_is_a_constant_sentence_with_its_values():
    calls = list(raised())
    assert len(calls) > 300
    wrong = []
    for place, call in calls:
        sentence, *more = call.args
        if isinstance(sentence, ast.JoinedStr | ast.BinOp):
            wrong.append(f"{place}: {ast.unparse(sentence)}")
        if not isinstance(sentence, ast.Constant):
            continue
        fields = {name for _, name, _, _ in Formatter().parse(sentence.value) if name}
        keys = {word.arg for word in call.keywords}
        if more:
            held = more[0].keys if isinstance(more[0], ast.Dict) else [None]
            named = [ast.literal_eval(key) for key in held if key is not None]
            if len(named) < len(held):
                continue  # values that several sentences share
            keys |= set(named)
        if keys and fields != keys:
            wrong.append(f"{place}: {sentence.value}: {fields ^ keys}")
    assert wrong == []
