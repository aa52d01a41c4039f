"""``soundini data``: manifests made from folders, and checked."""

import csv

import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.cli import main
from soundini.errors import MediaError
from soundini.training.images import LabelledImages
from soundini.training.manifest import read_manifest
from soundini.training.split import group_of


@pytest.fixture
def folder(tmp_path):
    for number, place in enumerate(["fire/a", "fire/b", "fire/film/1", "fire/film/2", "odd/c"]):
        path = tmp_path / "images" / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((70, 70, 3), 20 * number, np.uint8)).save(path)
    (tmp_path / "sounds" / "rain").mkdir(parents=True)
    make.write_sound(tmp_path / "sounds" / "rain" / "drops.wav", make.tone(0.5, 300))
    (tmp_path / "images" / "fire" / "notes.txt").write_text("no picture")
    return tmp_path


def test_folders_become_manifests(folder, capsys):
    assert main(["data", "index", str(folder)]) == 0
    rows = read_manifest(folder / "images.csv")
    assert [row["label"] for row in rows] == ["fire"] * 4 + ["odd"]
    film = [row for row in rows if "film" in row["path"]]
    assert len({group_of(row) for row in film}) == 1
    assert len({group_of(row) for row in rows}) == 4
    assert "sounds.csv: 1 files" in capsys.readouterr().out


def test_what_the_owner_wrote_is_kept(folder):
    main(["data", "index", str(folder)])
    rows = read_manifest(folder / "images.csv")
    rows[0] |= {"licence": "CC0-1.0", "camera": "mine"}
    with (folder / "images.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)
    assert main(["data", "index", str(folder)]) == 0
    again = read_manifest(folder / "images.csv")
    assert (again[0]["licence"], again[0]["camera"], again[1]["camera"]) == ("CC0-1.0", "mine", "")


def test_a_check_names_what_is_damaged_and_what_is_left_out(folder, capsys):
    main(["data", "index", str(folder)])
    assert main(["data", "check", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "odd (1)" in told
    (folder / "images" / "fire" / "a.png").write_bytes(b"\x89PNG cut short")
    assert main(["data", "check", str(folder)]) == 1
    assert "damaged: images/fire/a.png" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["index", "check"])
def test_a_folder_without_data_is_named(tmp_path, capsys, what):
    assert main(["data", what, str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert str(tmp_path) in told
    assert len(told.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_training_without_a_manifest_says_how_to_make_one(tmp_path):
    with pytest.raises(MediaError, match="soundini data index"):
        LabelledImages(tmp_path)
    (tmp_path / "images.csv").write_text("file,label\n")
    with pytest.raises(MediaError, match="no column path"):
        LabelledImages(tmp_path)
