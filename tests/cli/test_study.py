import json
import re

from .conftest import assert_refused


def side_of(pair, variant):
    return "none" if variant == "none" else "a" if pair["a"] == variant else "b"


def test_a_study_hides_the_names_and_its_votes_are_counted(benchmark, run, folder, tmp_path):
    assert benchmark()[0] == 0
    page = tmp_path / "study.html"
    study = ("study", "make", folder / "suite.yaml", "--run", folder / "run", "--models", "debug")
    assert run(*study, "-o", page)[0] == 0
    text = page.read_text()
    names = re.sub(r"base64,[\w+/=]*", "", text)
    assert "blended" not in names
    assert text.count("data:video/mp4") == 4
    key_file = tmp_path / "study.key.json"
    key = json.loads(key_file.read_text())
    assert {(p["clip"], frozenset([p["a"], p["b"]])) for p in key.values()} == {
        (clip, frozenset(["ours", "blended"])) for clip in ("one", "two")
    }
    votes = []
    for number, answers in enumerate((["ours", "ours"], ["blended", "none"])):
        path = tmp_path / f"votes{number}.json"
        rows = [
            {"pair": pair, "question": "sound", "choice": side_of(key[pair], answer)}
            for pair, answer in zip(key, answers, strict=True)
        ]
        path.write_text(json.dumps(rows))
        votes.append(path)
    code, told, _ = run("study", "tally", key_file, *votes)
    assert code == 0
    assert "sound     blended preferred to ours: 38%" in told  # 0, 0, 1 and a half
    assert "4 votes" in told


def test_a_study_of_edits_that_are_not_there_or_votes_of_another_are_refused(run, folder, tmp_path):
    page = tmp_path / "study.html"
    study = ("study", "make", folder / "suite.yaml", "--run", folder / "run", "--models", "debug")
    assert_refused(run(*study, "-o", page), "is not done; run soundini benchmark first")
    assert not page.exists()
    assert_refused(run(*study, "-o", tmp_path / "study.txt"), "ends in .html")
    key, votes = tmp_path / "key.json", tmp_path / "votes.json"
    key.write_text(json.dumps({"ab": {"clip": "c", "sound": "s", "a": "x", "b": "y"}}))
    votes.write_text(json.dumps([{"pair": "cd", "question": "sound", "choice": "a"}]))
    assert_refused(run("study", "tally", key, votes), "of another study")
    votes.write_text(json.dumps([{"pair": "ab", "question": "sound", "choice": "c"}]))
    assert_refused(run("study", "tally", key, votes), "does not hold votes")
    assert_refused(run("study", "tally", votes, votes), "does not hold the key")
    assert_refused(run("study", "tally", key, tmp_path / "gone.json"), "cannot read")
