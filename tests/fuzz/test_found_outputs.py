"""What the fuzzer found where something is written, each once more by name."""

import json

import pytest

import media_factory as make
from soundini.cli import main
from soundini.errors import MediaError
from soundini.media.output import check_output

from .conftest import BOX, edit

QUICK = ("--no-job", "--set", "sampling.steps=1", "--set", "region.size=32")


def test_sidecar_that_cannot_be_written_is_told_before_the_work(refused, video, tmp_path):
    (tmp_path / "out.recipe.json").mkdir()
    assert "out.recipe.json" in refused(*edit(video, "-o", tmp_path / "out.mp4"))
    assert not (tmp_path / "out.mp4").exists()


def test_outputs_that_are_links_are_refused_not_followed(refused, video, tmp_path):
    target = tmp_path / "precious"
    target.write_text("mine")
    for name in ("out.mp4", "out.recipe.json", "live.png"):
        (tmp_path / name).symlink_to(target)
        more = ("--preview-file", tmp_path / name) if name == "live.png" else ()
        assert "symbolic link" in refused(*edit(video, "-o", tmp_path / "out.mp4", *more))
        (tmp_path / name).unlink()
    assert target.read_text() == "mine"
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    with pytest.raises(MediaError, match="symbolic link"):
        check_output(tmp_path / "loop.mp4")


def test_pictures_do_not_overwrite_a_mask(refused, video, tmp_path):
    mask = make.write_image(tmp_path / "mask.png", make.disc_mask((32, 48), 8))
    before = mask.read_bytes()
    arguments = (video, "-s", "self", "-m", mask, "--models", "debug")
    assert "input itself" in refused("preview", *arguments, "-o", mask)
    assert "input itself" in refused("mask preview", video, "-m", mask, "-o", mask)
    out = ("-o", tmp_path / "out.mp4", "--preview-file", mask)
    assert "input itself" in refused("edit", *arguments, *out)
    assert mask.read_bytes() == before


@pytest.mark.parametrize("name", ["../elsewhere.mp4", "/tmp/elsewhere.mp4", "there.mp4"])
def test_recipe_names_its_output_beside_itself_and_overwrites_nothing(
    refused, video, tmp_path, name
):
    (tmp_path / "there.mp4").write_text("mine")
    request = {"video": "in.mp4", "sound": "self", "output": name, "mask": {"box": BOX}}
    recipe = tmp_path / "a.recipe.json"
    recipe.write_text(json.dumps({"request": request | {"models": "debug", "recipe": {}}}))
    assert "-o out.mp4" in refused("edit", "--recipe", recipe)
    assert (tmp_path / "there.mp4").read_text() == "mine"


@pytest.fixture
def recorded(video, tmp_path):
    """The recipe record of an edit."""
    assert main([str(a) for a in (*edit(video, *QUICK), "-o", tmp_path / "first.mp4")]) == 0
    return tmp_path / "first.recipe.json"


def test_records_that_are_damaged_are_refused_before_the_work(refused, recorded, tmp_path):
    content = json.loads(recorded.read_text())
    for name, value in (
        ("output", "x"),
        ("inputs", ["a"]),
        ("versions", {"torch": 2}),
        ("seams", {"border": []}),
    ):
        recorded.write_text(json.dumps(content | {name: value}))
        assert name in refused("edit", "--recipe", recorded, "-o", tmp_path / "out.mp4")
        assert not (tmp_path / "out.mp4").exists()


def test_inputs_that_no_file_can_be_called_are_not_looked_at(recorded, tmp_path, capsys):
    content = json.loads(recorded.read_text())
    content["inputs"] |= {"x" * 300: "", "a\0b": "", "/dev/zero": ""}
    recorded.write_text(json.dumps(content))
    arguments = ("--recipe", str(recorded), "-o", str(tmp_path / "out.mp4"), "--no-job")
    assert main(["edit", *arguments]) == 0
    assert "the same bytes as recorded" in capsys.readouterr().out
