import json
import os
from contextlib import closing

import numpy as np
import pytest

import media_factory as make
from soundini.batch.check import check_rows
from soundini.batch.manifest import Manifest, Outcome
from soundini.batch.place import Place
from soundini.batch.run import Jobs, RowBegun, RowEnded, RowStep, run_rows
from soundini.editing.files import ModelCache, prepare_edit, run_edit
from soundini.errors import ConfigError
from soundini.events import StepDone
from soundini.jobs.job import Job, jobs_folder
from soundini.jobs.record import read_record

VIDEOS = {"video": "clips/*.mp4"}
VIDEO = {"video": "clips/beach.mp4"}


@pytest.fixture
def do(models):
    """Check a batch and do it: all events."""

    def run(batch):
        checks = list(check_rows(batch, models))
        assert not any(check.problem for check in checks)
        return list(run_rows(batch, checks, models))

    return run


def states(events):
    return [event.outcome.state for event in events if isinstance(event, RowEnded)]


def is_step(event):
    return isinstance(event, RowStep) and isinstance(event.event, StepDone)


def job_folder(output):
    return Jobs(jobs_folder()).of(output)


def steps(events):
    return [event.event.step for event in events if is_step(event)]


def outputs(batch):
    return [row.request.output for row in batch.rows]


def plain(row, folder):
    """The bytes of a row that is done by itself, with models of its own."""
    output = folder / f"plain-{row.request.output.name}"
    for _ in run_edit(prepare_edit(row.request.model_copy(update={"output": output}))):
        pass
    return output.read_bytes()


def stop_after(batch, models, count):
    """Do a batch until so many steps are done, and go away."""
    checks = list(check_rows(batch, models))
    with closing(run_rows(batch, checks, models)) as events:
        done = (event for event in events if is_step(event))
        for _ in range(count):
            next(done)


def test_rows_are_the_edits_that_they_name(batch, do, folder, told, tmp_path):
    made = batch(**VIDEOS, sound=["self", "rain.wav"], set=["sampling.steps=3", "region.size=32"])
    events = do(made)
    assert states(events) == ["done"] * 4
    assert [row.request.output.read_bytes() for row in made.rows] == [
        plain(row, tmp_path) for row in made.rows
    ]
    lines = told()
    assert [line["row"] for line in lines] == [1, 2, 3, 4]
    record = json.loads((folder / lines[1]["recipe"]).read_text())
    assert {k: lines[1][k] for k in ("state", "video", "sound", "output", "recipe", "error")} == {
        "state": "done",
        "video": "clips/beach.mp4",
        "sound": "rain.wav",
        "output": "beach-rain.mp4",
        "recipe": "beach-rain.recipe.json",
        "error": None,
    }
    assert lines[1]["seconds"] == record["seconds"]["total"]
    assert lines[1]["warp_ratio"] == pytest.approx(record["temporal"]["ratio"], abs=1e-4)


def test_what_is_done_is_skipped_until_something_of_it_changes(
    batch, do, folder, told, monkeypatch
):
    made = batch(**VIDEOS)
    do(made)
    before = [(p, p.read_bytes(), p.stat().st_mtime_ns) for p in outputs(made)]
    events = do(made)
    assert states(events) == ["skipped"] * 2
    assert not steps(events)
    assert [(p, p.read_bytes(), p.stat().st_mtime_ns) for p in outputs(made)] == before
    done, skipped = told()[0], told()[2]
    assert (skipped["state"], skipped["recipe"]) == ("skipped", done["recipe"])
    assert skipped["warp_ratio"] == done["warp_ratio"]

    def harm_input():
        noise = np.random.default_rng(9).uniform(-0.5, 0.5, (1, 24000)).astype(np.float32)
        make.write_sound(folder / "fire.wav", noise)

    def harm_weights():
        for module in ("batch.check", "jobs.run"):
            monkeypatch.setattr(
                f"soundini.{module}.weight_hashes",
                lambda *_: {"unet/model.safetensors": "0" * 64},
            )

    def harm_output():
        outputs(made)[0].write_bytes(b"cut off")

    assert states(do(batch(**VIDEOS, rows=[{"set": ["seed=4"]}]))) == ["done"] * 2
    assert states(do(made)) == ["done"] * 2, "these are the edits of another seed"
    outputs(made)[1].unlink()
    assert states(do(made)) == ["skipped", "done"]
    harm_output()
    assert states(do(made)) == ["done", "skipped"]
    outputs(made)[0].with_suffix(".recipe.json").write_text('{"request": 3}')
    assert states(do(made)) == ["done", "skipped"]
    harm_input()
    assert states(do(made)) == ["done"] * 2
    assert states(do(made)) == ["skipped"] * 2
    harm_weights()
    assert states(do(made)) == ["done"] * 2


def test_masks_in_a_folder_are_inputs(batch, do, folder):
    (folder / "stills").mkdir()
    for number in range(7):
        make.write_image(folder / "stills" / f"{number}.png", make.disc_mask())
    made = batch(video="clips/street.mp4", mask="stills")
    assert states(do(made)) == ["done"]
    assert states(do(made)) == ["skipped"]
    make.write_image(folder / "stills" / "6.png", make.disc_mask(radius=16))
    assert states(do(made)) == ["done"]


def test_edits_fitted_to_a_memory_are_done_too(batch, do):
    made = batch(**VIDEO, rows=[{"set": ["compute.memory=64GB"]}])
    assert states(do(made)) == ["done"]
    assert states(do(made)) == ["skipped"]
    other = batch(**VIDEO, rows=[{"set": ["compute.memory=64GB", "seed=1"]}])
    assert states(do(other)) == ["done"]


def test_a_row_that_fails_does_not_stop_the_others(batch, do, told, models, monkeypatch):
    made = batch(
        rows=[
            {"video": "clips/beach.mp4", "set": ["compute.memory=1MB"]},
            {"video": "clips/street.mp4"},
        ]
    )
    assert states(do(made)) == ["failed", "done"]
    assert told()[0]["state"] == "failed"
    assert "more than 1MB" in told()[0]["error"]
    assert told()[0]["recipe"] is None

    def fail(*_arguments):
        raise RuntimeError("a defect\nof two lines")

    with monkeypatch.context() as patch:
        patch.setattr("soundini.batch.run.run_job", fail)
        again = batch(**VIDEOS, set=["seed=2", "region.size=32", "sampling.steps=3"])
        assert states(do(again)) == ["failed"] * 2
    assert told()[-1]["error"] == "RuntimeError: a defect of two lines"
    assert states(do(again)) == ["done"] * 2


def test_inputs_that_go_away_fail_their_row(batch, models, folder):
    made = batch(**VIDEOS)
    checks = list(check_rows(made, models))
    (folder / "clips" / "beach.mp4").unlink()
    assert states(run_rows(made, checks, models)) == ["failed", "done"]


def test_links_that_come_later_are_not_written_through(batch, models, folder, tmp_path):
    made = batch(**VIDEOS, name="out/{video}")
    checks = list(check_rows(made, models))
    (folder / "out").symlink_to(tmp_path)
    events = list(run_rows(made, checks, models))
    assert states(events) == ["failed"] * 2
    assert "symbolic link" in events[-1].outcome.error
    assert not list(tmp_path.glob("*.mp4"))


def test_stopped_row_goes_on_where_it_was(batch, do, models, tmp_path):
    made = batch(**VIDEO)
    stop_after(made, models, 4)  # of nine, in three windows
    assert not outputs(made)[0].exists()
    events = do(made)
    assert states(events) == ["done"]
    assert steps(events)[0] in (4, 5), "the first window is not done again"
    assert outputs(made)[0].read_bytes() == plain(made.rows[0], tmp_path)


@pytest.mark.parametrize("change", ["settings", "input", "weights", "record"])
def test_stopped_row_that_is_another_now_begins_anew(batch, do, models, folder, tmp_path, change):
    stop_after(batch(**VIDEO), models, 4)
    made = batch(**VIDEO, **({"start": 1} if change == "settings" else {}))
    job = job_folder(outputs(made)[0])
    if change == "input":
        make.write_sound(folder / "fire.wav", make.tone(0.5))
    elif change == "weights":
        with Job.open(job) as held:
            held.update(weights={"unet/model.safetensors": "0" * 64})
    elif change == "record":
        (job / "job.json").write_text("{")
    events = do(made)
    assert states(events) == ["done"]
    assert steps(events)[0] == 1
    assert outputs(made)[0].read_bytes() == plain(made.rows[0], tmp_path)


def test_row_of_another_process_fails(batch, do, models):
    made = batch(**VIDEOS)
    stop_after(made, models, 1)
    with Job.open(job_folder(outputs(made)[0])):
        events = do(made)
    assert states(events) == ["failed", "done"]
    assert states(do(made)) == ["done", "skipped"]


def test_what_a_kill_leaves_of_a_row_that_is_done_is_tidied(batch, do, home):
    made = batch(**VIDEOS)
    do(made)
    first, second = (job_folder(output) for output in outputs(made))
    with Job.open(first) as job:
        job.update(state="open", ended="")
    (first / "windows").mkdir()
    do(made)
    assert not first.exists()
    assert read_record(second).state == "done"


def test_models_are_loaded_once(batch, monkeypatch, debug):
    loaded = []

    def load(name, **_options):
        loaded.append(name)
        return debug

    monkeypatch.setattr("soundini.editing.files.load_pack", load)
    made, models = (
        batch(**VIDEOS, rows=[{"set": ["compute.memory=64GB"]}, {"name": "{video}"}]),
        ModelCache(),
    )
    events = list(run_rows(made, list(check_rows(made, models)), models))
    assert states(events) == ["done"] * 4
    assert sum(isinstance(event, RowBegun) for event in events) == 4
    assert loaded == ["debug"]


def test_manifest_keeps_whole_lines_and_goes_through_no_link(batch, folder, tmp_path):
    made = batch(**VIDEOS)
    made.manifest.write_text('{"row": 1}\n{"row": 2, "sta')
    Manifest(made.manifest, Place(folder)).add(
        2, made.rows[1].request, Outcome("failed", error="why")
    )
    rows = [json.loads(line) for line in made.manifest.read_text().splitlines()]
    assert [row["row"] for row in rows] == [1, 2]
    assert rows[1]["error"] == "why"
    made.manifest.unlink()
    made.manifest.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="symbolic link"):
        Manifest(made.manifest, Place(folder))
    assert not os.path.lexists(tmp_path / "elsewhere")
