import json

import pytest
import torch

import media_factory as make
from soundini.cli import main
from soundini.judge import Judge
from soundini.training.classes import CLASSES

TINTS = {"fire": (1, 0.3, 0), "generic": (0.5, 0.5, 0.5), "underwater": (0, 0.2, 1)}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Coloured noise under three labels."""
    folder = tmp_path_factory.mktemp("data")
    make.write_pictures(folder, TINTS, 96)
    return folder


def test_the_command_fits_a_judge_that_tells_held_out_pictures(data, tmp_path, capsys):
    asked = ["train", "judge", str(data), "-o", str(tmp_path / "judge")]
    small = ["crops=60", "min_crop=40", "folds=2", "l2=[0.1, 0.3]"]
    assert main([*asked, *(a for s in small for a in ("--set", s))]) == 0, capsys.readouterr().err
    assert sorted(p.name for p in (tmp_path / "judge").iterdir()) == [
        "judge.json",
        "judge.safetensors",
    ]
    card = json.loads((tmp_path / "judge" / "judge.json").read_text())
    assert sum(map(sum, card["held_out"]["sharp"]["confusion"])) > 6
    for measure in ("sharp", "laid"):
        assert card["held_out"][measure]["balanced"] > 0.9
    assert card["fitted_on"]["fire"] > 0 == card["fitted_on"]["rain"]
    judge = Judge.from_folder(tmp_path / "judge")
    red = torch.tensor(TINTS["fire"]).view(1, 3, 1, 1) * torch.rand(
        1, 3, 64, 64, generator=torch.Generator().manual_seed(0)
    )
    assert CLASSES[int(judge(1.4 * red - 1 + 0.2).argmax())] == "fire"


def test_a_folder_without_pictures_is_refused(tmp_path, capsys):
    assert main(["train", "judge", str(tmp_path), "-o", str(tmp_path / "j")]) == 2
    assert "images.csv" in capsys.readouterr().err
    (tmp_path / "images.csv").write_text("path,label\n")
    assert main(["train", "judge", str(tmp_path), "-o", str(tmp_path / "j")]) == 2
    assert "too few pictures" in capsys.readouterr().err
    assert not (tmp_path / "j").exists()
