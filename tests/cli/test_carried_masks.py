"""Recipes that carry their masks, done again where the masks' own files are not."""

import hashlib
import shutil

import pytest

import media_factory as make
from soundini.editing.carried_masks import with_masks


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def carried(edit, out, tmp_path, monkeypatch):
    """An edit by painted keyframes, done where the masks lie; then its recipe alone in another folder."""
    painted = tmp_path / "painted"
    painted.mkdir()
    first = make.write_image(painted / "first.png", make.disc_mask())
    other = make.write_image(painted / "other.png", make.disc_mask(radius=9))
    assert edit(mask=("--mask", f"0={first}", "--mask", f"3={other}"))[0] == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    recipe = elsewhere / "fire.recipe.json"
    recipe.write_text(with_masks(out.with_suffix(".recipe.json")))
    shutil.rmtree(painted)
    return recipe


def again(run, video, sound, recipe, *more):
    output = recipe.parent / "again.mp4"
    return run("edit", video, "--sound", sound, "--recipe", recipe, "-o", output, *more), output


def test_the_masks_come_out_of_the_recipe_beside_the_output(run, carried, video, sound, out):
    (code, _, err), output = again(run, video, sound, carried)
    assert (code, err) == (0, "")
    assert sha(output) == sha(out)
    names = sorted(path.name for path in carried.parent.iterdir())
    assert [name.rpartition(".")[2] for name in names] == ["png", "png", "mp4", "json", "json"]
    assert names[0].startswith("again.mask-")
    third = carried.parent / "third.mp4"
    record = output.with_suffix(".recipe.json")
    carried.unlink()
    assert run("edit", "--recipe", record, "-o", third)[0] == 0  # which names these pictures
    assert sha(third) == sha(out)


def test_a_mask_of_the_command_line_overrides_them(run, carried, video, sound):
    (code, _, _), output = again(run, video, sound, carried, "--box", "24,12,40,40")
    assert code == 0
    assert list(output.parent.glob("*.png")) == []


def test_a_preview_leaves_no_mask(run, carried, video, sound, tmp_path):
    picture = tmp_path / "strip.png"
    code, _, _ = run("preview", video, "--sound", sound, "--recipe", carried, "-o", picture)
    assert code == 0
    assert [path.name for path in carried.parent.iterdir()] == [carried.name]


def test_what_is_not_carried_is_told_in_a_line(run, carried, video, sound):
    carried.write_text(carried.read_text().replace('"carried_masks"', '"others"'))
    (code, _, err), output = again(run, video, sound, carried)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert not output.exists()
