import os

import pytest

import media_factory as make
from soundini.errors import ConfigError

STREET = {"video": "clips/street.mp4"}


def tree(folder):
    return sorted(p.relative_to(folder) for p in folder.rglob("*"))


def test_each_bad_row_is_told_and_nothing_is_left(batch, problems, folder, tmp_path, home):
    (folder / "empty.mp4").touch()
    make.write_sound(folder / "silent.wav", make.tone(0.2, level=0))
    make.write_image(folder / "small.png", make.disc_mask((10, 10)))
    (folder / "broken.json").write_text("{")
    rows = {
        "no such file": {"video": "clips/none.mp4"},
        "is empty": {"video": "empty.mp4"},
        "rains.wav: no such file": {"sound": "rains.wav"},
        "is silent": {"sound": "silent.wav"},
        "scale the mask": {"mask": "small.png"},
        "is not there": {"mask": "masks/none.png"},
        "lies outside": {"mask": {"box": "500,500,10,10"}},
        "exactly one way": {"mask": {"box": "1,1,9,9", "whole_frame": True}},
        "no frame at 99": {"start": 99},
        "is empty; end lies after start": {"start": 4, "end": 2},
        "cannot read the recipe": {"recipe": "broken.json"},
        "understand none": {"set": ["guidance.text=fire"]},
    }
    settings = [{**STREET, "name": f"out/{n}", **row} for n, row in enumerate(rows.values())]
    made = batch(rows=[*settings, STREET])
    before = tree(tmp_path), tree(home)
    found = problems(made)
    assert len(found) == len(rows) + 1
    for words, problem in zip(rows, found, strict=False):
        assert words in problem
        assert "\n" not in problem
    assert found[-1] == "", "the good row"
    assert (tree(tmp_path), tree(home)) == before


def test_two_rows_do_not_write_one_output(batch, problems):
    made = batch(video="clips/*.mp4", sound="self", name="{sound}")
    first, second = problems(made)
    assert first == ""
    assert "as beach.mp4 by self (jobs.yaml, row 1) does" in second


def test_outputs_do_not_overwrite_what_any_row_reads(batch, problems, folder):
    os.link(folder / "clips" / "beach.mp4", folder / "twin.mp4")
    (folder / "settings.recipe.json").write_text("{}")
    (folder / "stills").mkdir()
    (folder / "masks" / "street.png").rename(folder / "stills" / "0.png")
    made = batch(
        rows=[
            {**STREET, "name": "clips/street"},
            {**STREET, "name": "twin"},
            {**STREET, "name": "settings"},
            {**STREET, "name": "fine", "recipe": "settings.recipe.json"},
            {**STREET, "name": "stills/a"},
            {"video": "clips/beach.mp4", "mask": "stills", "end": 1},
        ]
    )
    found = problems(made)
    assert ["overwrite an input" in p for p in found] == [True] * 3 + [False] * 3
    assert "folder of masks" in found[4]
    assert [found[3], found[5]] == ["", ""]


@pytest.mark.parametrize("name", ["../out", "a/../../../out", "/tmp/out", "a\0b"])
def test_outputs_lie_in_their_folder(batch, problems, name):
    (found,) = problems(batch(**STREET, name=name, output="edited"))
    assert "leads out of" in found


@pytest.mark.parametrize("key", ["video", "sound", "mask", "recipe", "models"])
@pytest.mark.parametrize("how", ["dots", "absolute", "link"])
def test_inputs_lie_in_the_root(batch, problems, folder, tmp_path, key, how):
    """What is outside is refused, even where it is there and good."""
    sources = {
        "video": folder / "clips" / "street.mp4",
        "sound": folder / "rain.wav",
        "mask": folder / "masks" / "street.png",
        "recipe": folder / "plain.json",
        "models": folder / "clips",
    }
    (folder / "plain.json").write_text("{}")
    outside = tmp_path / f"outside{sources[key].suffix}"
    sources[key].rename(outside)
    (folder / f"link{outside.suffix}").symlink_to(outside)
    text = {"dots": f"../{outside.name}", "absolute": str(outside), "link": f"link{outside.suffix}"}
    (found,) = problems(batch(**{**STREET, key: text[how]}))
    assert "leads out of" in found
    assert "a larger folder with root" in found
    if key != "models":
        assert problems(batch(root=tmp_path, **{**STREET, key: text[how]})) == [""]


def test_patterns_do_not_lead_out(batch, problems, tmp_path):
    (tmp_path / "secret.mp4").touch()
    for pattern in ("../*.mp4", "clips/*/../../../*.mp4", f"{tmp_path}/*.mp4"):
        (found,) = problems(batch(video=pattern))
        assert "leads out of" in found or "nothing matches" in found


def test_links_are_not_written_through(batch, problems, folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "out").mkdir()
    (folder / "out" / "a.mp4").symlink_to(tmp_path / "elsewhere" / "a.mp4")
    (folder / "out" / "b.recipe.json").symlink_to(tmp_path / "elsewhere" / "b.json")
    names = ("linked/a", "linked/deep/a", "out/a", "out/b", "out/c")
    found = problems(batch(rows=[{**STREET, "name": name} for name in names]))
    assert ["is a symbolic link" in problem for problem in found] == [True] * 4 + [False]
    for output in ("linked", "linked/deep"):
        with pytest.raises(ConfigError, match="symbolic link"):
            batch(**STREET, output=output)
    with pytest.raises(ConfigError, match="leads out of"):
        batch(**STREET, output="../elsewhere")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_links_within_the_root_may_be_read(batch, problems, folder):
    (folder / "take.mp4").symlink_to(folder / "clips" / "street.mp4")
    assert problems(batch(video="take.mp4")) == [""]


def test_names_that_are_too_long_are_told(batch, problems, folder):
    long = folder / "clips" / f"{'a' * 248}.mp4"
    (folder / "clips" / "beach.mp4").rename(long)
    found = problems(batch(video=["clips/a*.mp4", "clips/*" + "b" * 300, f"{'c' * 300}.mp4"]))
    assert found == ["nothing matches clips/*" + "b" * 300 + f"; paths begin at {folder}"]
    found = problems(batch(video=["clips/a*.mp4", f"{'c' * 300}.mp4"]))
    assert ["the name is too long" in problem for problem in found] == [True, True]
