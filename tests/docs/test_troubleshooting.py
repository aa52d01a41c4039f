"""The error lines that docs/troubleshooting.md quotes are those that the real command line says: each is provoked here."""

import io
import re
import shutil
import struct
from contextlib import redirect_stderr, redirect_stdout

import numpy as np
import pytest
from markdown_it import MarkdownIt

import media_factory as make
from soundini.cli import main

from .pages import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
BOX = ("--box", "24,12,40,40")
QUICK = ("--models", "debug", "--set", "sampling.steps=2", "--set", "region.size=32")


def quoted():
    """The first column of the page's tables, where it is quoted in backticks."""
    found, first = [], False
    for token in MarkdownIt().enable("table").parse(PAGE.read_text()):
        if token.type == "tr_open":
            first = True
        elif token.type == "inline" and first:
            first = False
            found += [c.content for c in token.children or () if c.type == "code_inline"][:1]
    return found


def pattern_of(line):
    """A line in which ``...`` is whatever differs, and to which it may be added how to go on."""
    words = ".*".join(map(re.escape, line.split("...")))
    return re.compile(rf"soundini: (?:error: )?{words}(?:; .*)?")


def y4m(path, width, height):
    frame = b"FRAME\n" + b"\x80" * (width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2))
    header = f"YUV4MPEG2 W{width} H{height} F24:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(header + 3 * frame)


def float_wav(path, samples):
    data = np.asarray(samples, "<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, 16000, 64000, 4, 32)
    head = b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<I", 16)
    path.write_bytes(head + form + b"data" + struct.pack("<I", len(data)) + data)


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    """Good files, and one of every bad kind."""
    folder = tmp_path_factory.mktemp("bad")
    make.write_video(folder / "in.mp4", 6, audio=make.tone(0.25))
    make.write_video(folder / "mute.mp4", 6)
    make.write_video(folder / "hdr.mp4", 6, color=(1, 2, 2, 16))
    codec = (folder / "mute.mp4").read_bytes().replace(b"avc1", b"zzz1")
    (folder / "codec.mp4").write_bytes(codec)
    (folder / "empty.mp4").touch()
    y4m(folder / "dot.y4m", 1, 1)
    noise = np.random.default_rng(0).uniform(-0.6, 0.6, (1, 24000)).astype(np.float32)
    make.write_sound(folder / "noise.wav", noise)
    (folder / "half.wav").write_bytes((folder / "noise.wav").read_bytes()[:20000])
    float_wav(folder / "silent.wav", [0.0] * 16000)
    float_wav(folder / "nan.wav", [0.1, np.nan, 0.2] * 3000)
    make.write_image(folder / "white.png", np.ones((64, 96), np.float32))
    make.write_image(folder / "black.png", np.zeros((64, 96), np.float32))
    make.write_image(folder / "small.png", np.ones((32, 32), np.float32))
    make.write_image(folder / "labels.png", np.uint8(make.disc_mask() * 3))
    (folder / "few").mkdir()
    shutil.copy(folder / "white.png", folder / "few" / "1.png")
    shutil.copy(folder / "black.png", folder / "few" / "2.png")
    return folder


def edit(*more, video="in.mp4", sound="noise.wav", mask=BOX, out="out.mp4"):
    return ["edit", video, "--sound", sound, *mask, "-o", out, *QUICK, *more]


def setting(text):
    return edit("--set", text)


REFUSED = {
    "no file": edit(video="none.mp4"),
    "codec": edit(video="codec.mp4"),
    "HDR": edit(video="hdr.mp4"),
    "dot": edit(video="dot.y4m"),
    "picture": edit(video="white.png"),
    "empty": edit(video="empty.mp4"),
    "late": edit("--start", "99"),
    "nothing": edit("--start", "4", "--end", "2"),
    "mute": edit(video="mute.mp4", sound="self"),
    "silent": edit(sound="silent.wav"),
    "nan": edit(sound="nan.wav"),
    "half": edit(sound="half.wav"),
    "small mask": edit(mask=("--mask", "small.png")),
    "black mask": edit(mask=("--mask", "black.png")),
    "white mask": edit(mask=("--mask", "white.png")),
    "far box": edit(mask=("--box", "500,500,10,10")),
    "few masks": edit(mask=("--mask", "few")),
    "no such label": edit("--mask-label", "9", mask=("--mask", "labels.png")),
    "no such track": edit("--sound-track", "9", sound="in.mp4"),
    "two masks": edit(mask=(*BOX, "--whole-frame")),
    "typing error": setting("sampling.stepz=3"),
    "out of range": edit("--strength", "-1"),
    "preset": edit("--preset", "fats"),
    "pack": edit("--models", "nowhere"),
    "paper": edit("--models", "paper-256"),
    "nobody to ask": ["weights", "fetch", "vgg16"],
    "offline": ["weights", "fetch", "vgg16", "--offline"],
    "encoder": setting("joint.sound_encoder=vipant_audio"),
    "secondary": setting("guidance.gradient=secondary"),
    "words": ["edit", "in.mp4", "--sound", "noise.wav", *BOX, "-o", "out.mp4", "--text", "sea"],
    "sound word": edit("--heard-as", "rian"),
    "share": edit("--heard-as", "rain=much"),
    "device": edit("--device", "gpu"),
    "too little": edit("--memory", "1MB"),
    "container": edit(out="out.avi"),
    "folder": edit(out="nowhere/out.mp4"),
    "itself": edit(out="in.mp4"),
    "job": ["resume", "burning-3f9a"],
}
"""What is wrong -> the command that says so."""


class Someone:
    """Someone with a folder of bad files, who types commands and reads standard error."""

    def __init__(self, folder, patch):
        self.folder = folder
        self.patch = patch

    def told(self, arguments):
        with redirect_stderr(io.StringIO()) as err, redirect_stdout(io.StringIO()):
            assert main([str(a) for a in arguments]) in (2, 130), arguments
        return err.getvalue().strip()

    def told_in_the_midst(self, error):
        """What an edit says that an error ends while it samples."""

        def fail(*_arguments, **_settings):
            raise error

        with self.patch.context() as patch:
            patch.setattr("soundini.editing.window.sample", fail)
            line = self.told(edit())
        assert "go on with: soundini resume" in line
        return line

    def told_beyond_a_limit(self):
        with self.patch.context() as patch:
            patch.setenv("SOUNDINI_MAX_SOUND_SECONDS", "0.1")
            return self.told(edit())

    def told_of_a_change(self):
        job = self.told_in_the_midst(KeyboardInterrupt()).rpartition(" ")[2]
        with (self.folder / "noise.wav").open("ab") as file:
            file.write(b"\0\0")
        return self.told(["resume", job])


@pytest.fixture(scope="module")
def lines(media, tmp_path_factory):
    """What was provoked -> what was said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(media)
        patch.setenv("SOUNDINI_HOME", str(tmp_path_factory.mktemp("home")))
        someone = Someone(media, patch)
        full = RuntimeError("DefaultCPUAllocator: not enough memory")
        return {
            **{name: someone.told(arguments) for name, arguments in REFUSED.items()},
            "full": someone.told_in_the_midst(full),
            "stopped": someone.told_in_the_midst(KeyboardInterrupt()),
            "limit": someone.told_beyond_a_limit(),
            "changed": someone.told_of_a_change(),
        }


@pytest.mark.parametrize("row", quoted())
def test_quoted_lines_are_said(row, lines):
    assert [line for line in lines.values() if pattern_of(row).fullmatch(line)], "\n".join(
        lines.values()
    )


@pytest.mark.parametrize("name", [*REFUSED, "full", "stopped", "limit", "changed"])
def test_what_is_said_is_quoted(name, lines):
    """And by one row only, so that no quotation is so short that it fits everything."""
    rows = [row for row in quoted() if pattern_of(row).fullmatch(lines[name])]
    assert len(rows) == 1, lines[name]
