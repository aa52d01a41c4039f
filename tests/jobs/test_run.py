import json
import shutil
from contextlib import closing, contextmanager

import pytest

import media_factory as make
from soundini.editing.files import prepare_edit
from soundini.errors import ConfigError, MediaError
from soundini.events import FileDone, StepDone
from soundini.generators import finish
from soundini.jobs.job import Job, find_job, is_running, jobs_folder
from soundini.jobs.journal import LOG, LOSSES
from soundini.jobs.record import RECORD, read_record
from soundini.jobs.run import preparing_job, run_job
from soundini.jobs.windows import STATE, WINDOWS


def stopped(folder, request, steps, between=0.0):
    """A job that was stopped after so many steps."""
    edit = prepare_edit(request)
    with (
        closing(edit),
        Job.create(edit, folder) as job,
        closing(run_job(job, edit, between)) as events,
    ):
        done = (event for event in events if isinstance(event, StepDone))
        for _ in range(steps):
            next(done)
    return folder


@contextmanager
def held(folder):
    with Job.open(folder) as job, closing(finish(preparing_job(job))) as edit:
        yield job, edit


def resumed(folder):
    """Everything that the rest of a job tells."""
    with held(folder) as (job, edit):
        return list(run_job(job, edit, 0))


def steps_of(events):
    return [(e.window, e.step) for e in events if isinstance(e, StepDone)]


def log_of(folder):
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_done_job_leaves_its_output_and_a_small_record(request_for, plain, home):
    request = request_for()
    edit = prepare_edit(request)
    with Job.create(edit) as job:
        assert isinstance(list(run_job(job, edit))[-1], FileDone)
    assert request.output.read_bytes() == plain
    assert job.folder.parent == home / "jobs" == jobs_folder()
    assert find_job(job.name) == job.folder
    left = {p.name for p in job.folder.rglob("*")}
    assert left - {"lock"} == {RECORD, LOG, LOSSES}
    assert read_record(job.folder).state == "done"


@pytest.mark.parametrize("steps", [1, 6, 16])
def test_what_is_done_is_not_done_again(request_for, plain, tmp_path, steps):
    request = request_for()
    folder = stopped(tmp_path / "job", request, steps)
    assert not request.output.exists()
    assert read_record(folder).state == "open"
    done = steps_of(resumed(folder))
    assert [step for _, step in done] == list(range(steps + 1, 17))
    assert request.output.read_bytes() == plain


def test_what_lies_between_keyframes_comes_to_the_same_bytes(request_for, tmp_path):
    settings = ("window.stride=3", "window.frames=4", "window.overlap=1")  # 0 3 6 9, 9 12 13
    whole = request_for("whole.mp4", *settings)
    resumed(stopped(tmp_path / "whole", whole, 0))
    for steps in (2, 4, 7):
        request = request_for(f"out{steps}.mp4", *settings)
        done = steps_of(resumed(stopped(tmp_path / f"job{steps}", request, steps)))
        assert [step for _, step in done] == list(range(steps + 1, 9))
        assert request.output.read_bytes() == whole.output.read_bytes()


def test_states_are_seldom_and_windows_are_kept_at_once(request_for, plain, tmp_path):
    folder = stopped(tmp_path / "job", request_for(), 6, between=1000)
    assert not (folder / STATE).exists()
    assert [p.name for p in (folder / WINDOWS).iterdir()] == ["00000.safetensors"]
    assert steps_of(resumed(folder))[0] == (1, 5)
    assert request_for().output.read_bytes() == plain


@pytest.mark.parametrize("harm", ["cut", "emptied", "flipped", "foreign"])
def test_damaged_files_are_computed_again(request_for, plain, tmp_path, harm):
    folder = stopped(tmp_path / "job", request_for(), 14)
    if harm == "foreign":
        other = stopped(tmp_path / "other", request_for("o.mp4", "seed=5"), 14)
    for name in (f"{WINDOWS}/00001.safetensors", STATE):
        path = folder / name
        data = bytearray(path.read_bytes())
        if harm == "flipped":
            data[-9] ^= 1
        good = {"cut": data[: len(data) // 2], "emptied": b"", "flipped": data}
        path.write_bytes(good[harm] if harm in good else (other / name).read_bytes())
    done = steps_of(resumed(folder))
    assert [window for window, _ in done] == [1] * 4 + [3] * 4
    assert sum(line["event"] == "damaged" for line in log_of(folder)) == 2
    assert request_for().output.read_bytes() == plain


def test_losses_are_told_once_for_every_step(request_for, tmp_path):
    whole = stopped(tmp_path / "whole", request_for("w.mp4"), 0)
    resumed(whole)
    folder = stopped(tmp_path / "job", request_for(), 7, between=1000)
    with (folder / LOSSES).open("a") as file:
        file.write("8,1,sou")  # cut off as it was written
    resumed(folder)
    assert (folder / LOSSES).read_text() == (whole / LOSSES).read_text()
    assert (whole / LOSSES).read_text().startswith("step,window,term,value\n1,0,sound,")


def test_changed_input_is_refused(request_for, sound, tmp_path):
    folder = stopped(tmp_path / "job", request_for(), 2)
    make.write_sound(sound, make.tone(0.5, 200))
    with (
        pytest.raises(ConfigError, match=r"noise\.wav changed since the job .*job began"),
        held(folder),
    ):
        pass
    sound.unlink()
    with pytest.raises(MediaError, match=r"noise\.wav"), held(folder):
        pass
    assert not is_running(folder)


def test_mask_in_a_folder_is_an_input(request_for, tmp_path):
    masks = tmp_path / "masks"
    masks.mkdir()
    make.write_image(masks / "0.png", make.disc_mask())
    request = request_for()
    mask = request.mask.model_copy(update={"box": None, "paths": (str(masks),)})
    edit = prepare_edit(request.model_copy(update={"mask": mask, "end": "1"}))
    with closing(edit), Job.create(edit, tmp_path / "job") as job:
        assert str(masks / "0.png") in job.record.inputs


def test_changed_weights_are_refused(request_for, tmp_path):
    folder = stopped(tmp_path / "job", request_for(), 2)
    with Job.open(folder) as job:
        job.update(weights={"unet/model.safetensors": "0" * 64})
    with pytest.raises(ConfigError, match=r"model\.safetensors changed"), held(folder):
        pass


def test_only_one_process_holds_a_job(request_for, tmp_path):
    folder = stopped(tmp_path / "job", request_for(), 1)
    with Job.open(folder):
        assert is_running(folder)
        with pytest.raises(ConfigError, match="another process"):
            Job.open(folder)
    assert not is_running(folder)


def test_output_may_be_another(request_for, plain, tmp_path):
    folder = stopped(tmp_path / "job", request_for(), 6)
    elsewhere = tmp_path / "elsewhere.mp4"
    with Job.open(folder) as job, closing(finish(preparing_job(job, elsewhere))) as edit:
        for _ in run_job(job, edit):
            pass
    assert elsewhere.read_bytes() == plain
    assert read_record(folder).request.output == elsewhere
    assert not request_for().output.exists()


def test_job_that_was_moved_goes_on(request_for, plain, tmp_path):
    folder = stopped(tmp_path / "job", request_for(), 6)
    shutil.move(folder, tmp_path / "moved")
    resumed(tmp_path / "moved")
    assert request_for().output.read_bytes() == plain


def test_error_is_noted_and_the_job_goes_on(request_for, plain, tmp_path, monkeypatch):
    folder = stopped(tmp_path / "job", request_for(), 2)

    def hungry(*_arguments, **_settings):
        raise MemoryError("not enough memory")

    with monkeypatch.context() as patch, held(folder) as (job, edit):
        patch.setattr("soundini.editing.window.sample", hungry)
        with pytest.raises(MemoryError):
            list(run_job(job, edit))
    assert read_record(folder).state == "failed"
    assert read_record(folder).error == "not enough memory"
    assert log_of(folder)[-1]["event"] == "failed"
    resumed(folder)
    assert read_record(folder).state == "done"
    assert request_for().output.read_bytes() == plain


def test_folder_that_holds_something_is_no_place_for_a_job(request_for, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    (tmp_path / "link").symlink_to(tmp_path / "full")
    edit = prepare_edit(request_for())
    with closing(edit):
        for name, words in (("full", "not an empty folder"), ("link", "not an empty folder")):
            with pytest.raises(ConfigError, match=words):
                Job.create(edit, tmp_path / name)
        Job.create(edit, tmp_path / "job").close()
        with pytest.raises(ConfigError, match="holds a job already"):
            Job.create(edit, tmp_path / "job")
        with pytest.raises(MediaError):
            Job.create(edit, tmp_path / "no" / "such" / "folder")
