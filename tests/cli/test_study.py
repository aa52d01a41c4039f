import json

from .conftest import assert_refused


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
