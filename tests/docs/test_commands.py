"""Every command and every piece of Python in the pages: read by the real parser, and done where it can be done here."""

import ast
import functools
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import media_factory as make
from soundini import load_preset
from soundini.cli import main
from soundini.config.presets import override
from soundini.demo.sounds import crackle, write_wav
from soundini.media.video_reader import VideoReader
from soundini.packs.loading import load_pack

from .pages import (
    SHELL,
    SHOWN,
    blocks_of,
    container_blocks,
    markdown_files,
    named_commands,
    notebook_blocks,
)
from .typed import check, own_arguments

BLOCKS = [b for page in markdown_files() for b in blocks_of(page)]
BLOCKS += [*notebook_blocks(), *container_blocks()]
SIZE = (96, 128)
SMALL = ["sampling.steps=2", "region.size=32"]
"""What edits are done with here, behind what the page says: the embedded models, but few steps and pixels."""
SERVERS = {"web"}
"""Commands that end only when they are told to; other tests do them."""
TINY = [word for setting in SMALL for word in ("--set", setting)]


def shortened(arguments):
    """The same command for a small edit: of four frames, or to the last keyframe; a recipe knows its own part."""
    if arguments[0] not in ("edit", "preview"):
        return arguments
    if "--recipe" in arguments:
        return [*arguments, *TINY]
    keyframes = [int(word[1]) for a in arguments if (word := re.fullmatch(r"(\d+)=\w+\.png", a))]
    return [*arguments, *TINY, "--end", str(1 + max(keyframes, default=3))]


@pytest.fixture(scope="module", autouse=True)
def loaded_once():
    """Commands share the models that they load: what loading does is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("soundini.editing.files.load_pack", functools.cache(load_pack))
        yield


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """What the pages speak of: a street, a fire, masks, and a batch of both."""
    folder = tmp_path_factory.mktemp("media")
    street = make.write_video(folder / "street.mp4", 50, size=SIZE, audio=make.tone(2.1))
    shutil.copy(street, folder / "long.mp4")
    write_wav(folder / "fire.wav", crackle(3))
    mask = np.zeros(SIZE, np.float32)
    mask[30:80, 30:90] = 1
    for name in ("mask", "a", "b"):
        make.write_image(folder / f"{name}.png", mask)
    make.write_video(folder / "mask.mp4", [np.uint8(255 * mask)[..., None].repeat(3, 2)] * 50)
    (folder / "masks").mkdir()
    for number in range(50):
        make.write_image(folder / "masks" / f"{number}.png", mask)
    return folder


@pytest.fixture
def place(media, tmp_path, monkeypatch):
    """A copy of the media, and the working folder."""
    folder = tmp_path / "place"
    shutil.copytree(media, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def stopped_job(place, home, monkeypatch, capfd):
    """The job ``burning-3f9a`` of docs/long-videos.md, whose edit ran out of memory."""

    def fail(*_arguments, **_settings):
        raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate")

    folder = home / "jobs" / "burning-3f9a"
    folder.parent.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr("soundini.editing.window.sample", fail)
        words = "edit long.mp4 --sound fire.wav --mask mask.png -o stopped.mp4 --end 4 --job"
        assert main([*words.split(), str(folder), *TINY]) == 2
    assert f"soundini resume {folder.name}" in capfd.readouterr().err


@pytest.fixture
def batch_files(place):
    """The files of docs/batch.md, made small: its settings get ours besides, and its sounds and masks are these."""
    block = next(b for b in BLOCKS if b.page.name == "batch.md" and b.language == "yaml")
    (place / "jobs.yaml").write_text(f"{block.text}end: 4\nset: [{', '.join(SMALL)}]\n")
    for folder in ("clips", "sounds", "masks"):
        (place / folder).mkdir(exist_ok=True)
    for name in ("street", "beach"):
        shutil.copy("street.mp4", f"clips/{name}.mp4")
        shutil.copy("mask.png", f"masks/{name}.png")
    for name in ("fire", "rain"):
        shutil.copy("fire.wav", f"sounds/{name}.wav")


@pytest.fixture
def someone_agrees(monkeypatch):
    """A terminal, and someone there who says yes."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _question: "y")


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_blocks_are_understood(block, capsys):
    assert block.language in SHELL | SHOWN | {"python"}, "say what is in the block"
    if block.language == "python":
        ast.parse(block.text)
    elif block.language in SHELL:
        for words in block.commands:
            check(words, capsys)


@pytest.mark.parametrize("page", markdown_files(), ids=lambda page: page.name)
def test_commands_in_sentences_are_understood(page, capsys):
    for words in named_commands(page):
        check(words, capsys, whole=False)


def done(name):
    """The commands of a page that are done here, in their order."""
    return [
        own_arguments(words)
        for block in BLOCKS
        if block.page.name == name and block.language in SHELL and block.reason is None
        for words in block.commands
        if words[0] == "soundini" and words[1] not in SERVERS
    ]


RUN = ["README.md", "quickstart.md"]
RUN_LONG = ["masks.md", "sounds.md", "settings.md"]


@pytest.mark.parametrize(
    "name", [*RUN, *(pytest.param(name, marks=pytest.mark.long) for name in RUN_LONG)]
)
@pytest.mark.usefixtures("place")
def test_pages_are_done(name, capfd):
    commands = done(name)
    assert commands
    for arguments in commands:
        code = main(shortened(arguments))
        told = capfd.readouterr()
        assert code == 0, f"{arguments}\n{told.err}"
        check_output(arguments)


@pytest.mark.usefixtures("stopped_job", "someone_agrees")
def test_long_videos_are_done(capfd):
    for arguments in done("long-videos.md"):
        assert main(shortened(arguments)) == 0, capfd.readouterr().err
    assert Path("stopped.mp4").exists()
    assert "freed" in capfd.readouterr().out


@pytest.mark.long
@pytest.mark.usefixtures("batch_files")
def test_batch_is_done(capfd):
    for arguments in done("batch.md"):
        assert main(arguments) == 0, capfd.readouterr().err
    names = sorted(file.name for file in Path("edited").glob("*.mp4"))
    assert names == [
        "beach-fire-fast.mp4",
        "beach-rain-fast.mp4",
        *(f"street-{s}-{r}.mp4" for s in ("fire", "rain") for r in ("fast", "quality")),
    ]


def test_no_page_is_forgotten():
    """What is not marked as not run belongs to a page that is."""
    pages = {b.page.name for b in BLOCKS if b.language in SHELL and b.reason is None}
    assert pages == {*RUN, *RUN_LONG, "long-videos.md", "batch.md"}


PYTHON = [b for b in BLOCKS if b.language == "python" and b.reason is None]


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_is_done(block, place, monkeypatch):
    """With the frames and the mask that the text speaks of, and the preset made small."""
    small = override(load_preset("fast"), SMALL)
    for module in ("editor", "edit_file"):
        monkeypatch.setattr(f"soundini.editing.{module}.load_preset", lambda _name: small)
    with VideoReader(place / "street.mp4") as reader:
        frames = np.stack([frame.rgb for frame in reader.frames(0, 4)])
    mask = cv2.imread(str(place / "mask.png"), cv2.IMREAD_GRAYSCALE) / 255
    names = {"frames": frames, "mask": mask}
    exec(compile(block.text, str(block), "exec"), names)  # our own pages
    if "result" in names:
        assert (names["result"].frames != frames).any()
        far = cv2.dilate(mask, np.ones((25, 25))) == 0  # beyond the soft edge
        assert (names["result"].frames[:, far] == frames[:, far]).all()


def check_output(arguments):
    """What a command names as its output is there."""
    if "-o" in arguments and "--dry-run" not in arguments:
        assert Path(arguments[arguments.index("-o") + 1]).stat().st_size > 0
