"""Names of files as people and programs choose them: options, addresses and patterns to others, names here."""

import shutil

import pytest

import media_factory as make

from .conftest import QUICK

NAMES = [
    *(
        "-dash",
        "--double",
        "--help",
        "-1",
        "0=b",
        "@resp",
        "~tilde",
        ".dot",
        "#hash",
        "\udcff bytes",
    ),
    *(
        'it\'s "this" & that',
        "100% %d %s a%03d",
        "new\nline\ttab ",
        "http:x",
        "concat:a|b",
        "data:,x",
    ),
    *("naïve 한글 😀", "semi;$HOME`x`", "star*[1]{a}", "back\\slash, comma=eq"),
]


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")
    make.write_video(folder / "v.mp4", 2)
    make.write_sound(folder / "s.wav", make.tone(0.2))
    make.write_image(folder / "m.png", make.disc_mask())
    return folder


@pytest.fixture
def called(tmp_path, media, monkeypatch):
    """Copies of the media under a name, in the folder where the command runs."""
    monkeypatch.chdir(tmp_path)

    def call(name):
        for kind in ("v.mp4", "s.wav", "m.png"):
            shutil.copyfile(media / kind, tmp_path / (name + kind[1:]))
        return name + ".mp4", name + ".wav", name + ".png"

    return call


def test_any_name_is_a_name(run, called, tmp_path):
    for name in NAMES:
        video, sound, mask = called(name)
        out = "-2" + video if name.startswith("-") else "out " + video
        code, _, err = run(
            "edit", video, "--sound", sound, "--mask", mask, "-o", out, "--dry-run", *QUICK
        )
        assert code == 0, (name, err)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(("out ", "-2"))] == []


@pytest.mark.parametrize("name", ["-dash", "--double", "100% new\nline: 'it's' 한글", "0=b"])
def test_an_edit_and_its_recipe_under_a_name(run, called, tmp_path, name):
    video, sound, mask = called(name)
    out = f"{name} out.mp4"
    asked = ("--sound", sound, "--mask", mask, "-o", out, *QUICK)
    code, _, err = run("edit", *asked, "--", video)
    assert code == 0, err
    first = (tmp_path / out).read_bytes()
    (tmp_path / out).unlink()
    assert run("edit", video, *asked)[0] == 0
    assert (tmp_path / out).read_bytes() == first
    recipe = f"{name} out.recipe.json"
    code, _, err = run("edit", "--recipe", recipe, "-o", "again.mp4")
    assert code == 0, err
    assert (tmp_path / "again.mp4").read_bytes() == first


def test_what_is_wrong_with_such_a_file_is_one_line(run, called, tmp_path):
    for name in ("-dash", "new\nline", "100%s", "\udcff bytes", "한글"):
        video, sound, _ = called(name)
        (tmp_path / video).write_text("no video")
        code, _, err = run(
            "edit", video, "--sound", sound, "--box", "0.2,0.2,0.5,0.5", "-o", "o.mp4"
        )
        assert code == 2
        assert err.count("\n") == 1
        assert "plain text" in err
