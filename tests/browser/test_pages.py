"""The pages as people see them: in a real browser."""

import json

from soundini.cli import main

PLAYABLE = """() => [...document.querySelectorAll("video")].every(v => v.readyState >= 2 && v.error === null)"""
DRAWN = """() => [...document.images].every(i => i.complete && i.naturalWidth > 100)"""
COUNT_PLAYS = """() => {
  window.plays = [];
  for (const side of ["left", "right"]) at(side).addEventListener("play", () => plays.push(side));
}"""
QUESTIONS = {"coherence": "left", "quality": "right", "sound": "none"}


def shown_pair(page, key):
    """What is on the left and on the right, by the names behind the page."""
    left, right = (page.get_attribute(side, "src") for side in ("#left", "#right"))
    for pair in page.evaluate("PAIRS"):
        if {left, right} == {pair["a"], pair["b"]}:
            names = key[pair["id"]]
            sides = (names["a"], names["b"]) if left == pair["a"] else (names["b"], names["a"])
            return pair["id"], sides
    raise AssertionError("no such pair")


def vote(page, key):
    """Answer one pair; the votes that this should have been."""
    page.wait_for_function(PLAYABLE)
    pair, (left, right) = shown_pair(page, key)
    for question, answer in QUESTIONS.items():
        page.check(f"input[name={question}][value={answer}]")
    page.click("#next")
    preferred = {"left": left, "right": right, "none": "none"}
    return {(pair, question): preferred[answer] for question, answer in QUESTIONS.items()}


def named(votes, key):
    """Votes of a saved file, by variant."""
    return {
        (v["pair"], v["question"]): "none" if v["choice"] == "none" else key[v["pair"]][v["choice"]]
        for v in votes
    }


def test_votes_survive_a_reload_are_saved_and_counted(folder, viewer, tmp_path, capsys):
    key = json.loads((folder / "study.key.json").read_text())
    someone = viewer()
    page = someone.open(folder / "study.html")
    assert page.evaluate("[state.order, state.turned]") == [[1, 0], [True, False]]
    expected = {}
    for number in range(len(key)):
        assert page.inner_text("#place") == f"Pair {number + 1} of {len(key)}"
        page.click("#next")  # without answers nothing goes on
        assert page.inner_text("#place") == f"Pair {number + 1} of {len(key)}"
        expected |= vote(page, key)
        page.reload()
    assert page.is_visible("#end")
    assert not page.is_visible("#pairs")
    with page.expect_download() as download:
        page.click("#save")
    votes = tmp_path / download.value.suggested_filename
    assert votes.name == "votes.json"
    download.value.save_as(votes)
    assert len(expected) == len(key) * len(QUESTIONS)
    assert named(json.loads(votes.read_text()), key) == expected

    capsys.readouterr()
    assert main(["study", "tally", str(folder / "study.key.json"), str(votes)]) == 0
    told = capsys.readouterr().out
    for other in ("lambda_flow-0", "noisy"):
        for question, winner in (("coherence", None), ("sound", "none")):
            mine = [
                0.5 if v == "none" else float(v == min(other, "ours"))
                for (pair, asked), v in expected.items()
                if asked == question and other in (key[pair]["a"], key[pair]["b"])
            ]
            share = sum(mine) / len(mine)
            assert winner is None or share == 0.5
            line = (
                f"{question:<10}{min(other, 'ours')} preferred to {max(other, 'ours')}: {share:.0%}"
            )
            assert line in told
    assert someone.trouble == []


def test_each_viewer_begins_anew_and_may_forget(folder, viewer):
    key = json.loads((folder / "study.key.json").read_text())
    first, second = viewer(), viewer()
    page = first.open(folder / "study.html")
    for _ in key:
        vote(page, key)
    assert second.open(folder / "study.html").inner_text("#place") == f"Pair 1 of {len(key)}"
    page.click("#again")
    page.wait_for_selector("#pairs", state="visible")
    assert page.inner_text("#place") == f"Pair 1 of {len(key)}"
    assert page.evaluate("state.votes") == []
    assert first.trouble == second.trouble == []


def test_both_play_at_once_and_one_of_them_is_heard(folder, viewer):
    someone = viewer()
    page = someone.open(folder / "study.html")
    page.wait_for_function(PLAYABLE)
    page.evaluate(COUNT_PLAYS)
    page.click("#both")
    page.wait_for_function("() => plays.length == 2")
    assert page.evaluate("[at('left').muted, at('right').muted]") == [False, True]
    assert someone.trouble == []


def test_the_report_plays_and_draws_all_it_holds(folder, viewer):
    someone = viewer()
    page = someone.open(folder / "run" / "report.html")
    page.wait_for_function(PLAYABLE)
    assert page.evaluate(DRAWN)
    assert page.locator("video").count() == 3
    assert page.locator("img").count() == 1
    assert page.locator("svg").count() == 2, "the curve of the clip, and the sweep's"
    assert page.locator("tbody tr").count() == 3
    lengths = page.eval_on_selector_all("video", "all => all.map(v => v.duration)")
    assert min(lengths) > 0.1
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0, "nothing sticks out of the page"
    assert someone.trouble == []
