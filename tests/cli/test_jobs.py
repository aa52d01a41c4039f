import json
import re
import resource
import signal

import pytest

from .conftest import BOX, QUICK, assert_refused, start

WINDOWS = ("--set", "window.frames=4", "--set", "window.overlap=1", "--set", "output.crf=0")


def name_in(text):
    found = re.search(r"go on with: soundini resume (\S+)\n", text)
    assert found, text
    return found[1]


def fail(*_arguments, **_settings):
    raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate")


@pytest.fixture
def interrupted(edit, monkeypatch):
    """The name of a job that ended without memory."""
    with monkeypatch.context() as patch:
        patch.setattr("soundini.editing.window.sample", fail)
        code, _, err = edit(*WINDOWS)
    assert_refused((code, "", err), "the memory is full", "go on with: soundini resume out-")
    return name_in(err)


def test_job_without_memory_goes_on_to_the_same_bytes(edit, run, interrupted, out, tmp_path):
    assert not out.exists()
    _, told, _ = run("jobs")
    assert re.search(rf"{interrupted} +failed +0% .* {out}", told)
    code, told, err = run("resume", interrupted)
    assert (code, err) == (0, "")
    assert f"output      {out} (6 frames)" in told
    plain = tmp_path / "plain.mp4"
    assert edit(*WINDOWS, "--no-job", output=plain)[0] == 0
    assert out.read_bytes() == plain.read_bytes()
    _, told, _ = run("jobs")
    assert re.search(rf"{interrupted} +done +100%", told)
    assert "plain" not in told
    code, told, _ = run("resume", interrupted)
    assert code == 0
    assert f"is done; its output is {out}" in told
    out.unlink()
    assert run("resume", interrupted)[0] == 0
    assert out.read_bytes() == plain.read_bytes()


def test_sidecar_of_a_resumed_edit_is_that_of_the_edit(run, interrupted, out):
    assert run("resume", interrupted)[0] == 0
    record = json.loads(out.with_suffix(".recipe.json").read_text())
    assert record["request"]["output"] == "out.mp4"
    assert record["request"]["video"] == "../in.mp4"
    assert record["seams"]["ratio"] > 0
    code, told, _ = run("edit", "--recipe", out.with_suffix(".recipe.json"), "-o", out)
    assert code == 0
    assert "the same bytes as recorded" in told


def test_resume_elsewhere(run, interrupted, out, tmp_path):
    assert run("resume", interrupted, "-o", tmp_path / "b.mp4")[0] == 0
    assert (tmp_path / "b.mp4").exists()
    assert not out.exists()


def test_resume_of_what_is_no_job(run, tmp_path):
    assert_refused(run("resume", "nothing"), "no job 'nothing'", "soundini jobs")
    assert_refused(run("resume", tmp_path), "no job")


def test_resume_after_an_input_changed(run, interrupted, sound):
    sound.write_bytes(sound.read_bytes() + b"\0\0")
    assert_refused(run("resume", interrupted), "noise.wav changed since the job", interrupted)


def test_resume_of_a_damaged_job(run, interrupted, home):
    (home / "jobs" / interrupted / "job.json").write_text("{")
    assert_refused(run("resume", interrupted), "job.json is damaged")
    assert re.search(rf"{interrupted} +damaged", run("jobs")[1])
    assert run("jobs", "clean", "--yes")[0] == 0
    assert list((home / "jobs").iterdir()) == []


def test_job_in_a_folder_of_ones_own(edit, run, tmp_path, home):
    folder = tmp_path / "mine"
    assert edit("--job", folder)[0] == 0
    assert (folder / "job.json").exists()
    assert not (home / "jobs").exists()
    assert_refused(edit("--job", folder), "holds a job already")
    assert re.search(r"mine +done", run("jobs", "list", "--in", tmp_path)[1])


def test_edit_goes_on_where_no_job_can_be_kept(edit, home, out):
    (home / "jobs").write_text("in the way")
    code, told, err = edit()
    assert (code, err) == (0, "")
    assert "warning     " in told
    assert "cannot be resumed" in told
    assert out.exists()


def test_clean_asks_and_deletes_what_does_not_run(edit, run, interrupted, out, home, monkeypatch):
    assert edit(output=out.with_name("b.mp4"))[0] == 0
    assert_refused(run("jobs", "clean"), "--yes")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for answer, left in (("n", 2), ("y", 1)):
        monkeypatch.setattr("builtins.input", lambda _, answer=answer: answer)
        assert run("jobs", "clean", interrupted)[0] == 0
        assert len(list((home / "jobs").iterdir())) == left
    assert_refused(run("jobs", "clean", interrupted), "no job")
    code, told, _ = run("jobs", "clean", "--yes")
    assert code == 0
    assert "MiB freed" in told
    assert list((home / "jobs").iterdir()) == []
    assert out.with_name("b.mp4").exists()
    assert "there are no jobs" in run("jobs")[1]


def test_running_job_is_left_alone_and_its_lock_dies_with_it(run, video, sound, out, home):
    process = start(
        *("edit", video, "-s", sound, "--box", BOX, "-o", out, *QUICK),
        *("--set", "sampling.steps=1000", "--set", "region.size=96"),
    )
    assert process.stdout is not None
    told = ""
    while "step 1/" not in told:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        told += line
    (folder,) = (home / "jobs").iterdir()
    assert re.search(rf"{folder.name} +running +[0-9]+%", run("jobs")[1])
    assert_refused(run("resume", folder.name), "another process")
    code, told, _ = run("jobs", "clean", "--yes")
    assert code == 0
    assert f"{folder.name} is running; it stays" in told
    assert (folder / "job.json").exists()
    (partial,) = out.parent.iterdir()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert re.search(rf"{folder.name} +interrupted", run("jobs")[1])
    assert run("jobs", "clean", "--yes")[0] == 0
    assert not folder.exists()
    assert not partial.exists()


@pytest.mark.long
@pytest.mark.parametrize("limit", [6000, 12_000])
def test_full_disk_leaves_a_job_that_goes_on(run, edit, video, sound, out, tmp_path, limit):
    """The limit of a process on the size of its files stands in for a disk that fills up, at several points."""

    def restrict():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = start(
        *("edit", video, "-s", sound, "--box", BOX, "-o", out, *QUICK, *WINDOWS),
        preexec_fn=restrict,
    )
    _, err = process.communicate(timeout=120)
    assert_refused((process.returncode, "", err), "too large", "go on with: soundini resume out-")
    assert list(out.parent.iterdir()) == []
    assert run("resume", name_in(err))[0] == 0
    plain = tmp_path / "plain.mp4"
    assert edit(*WINDOWS, "--no-job", output=plain)[0] == 0
    assert out.read_bytes() == plain.read_bytes()
