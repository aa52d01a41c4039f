"""What the fuzzer found in the folders of jobs, each once more by name."""

import json
import os

import pytest

from soundini.cli import main
from soundini.editing.files import prepare_edit
from soundini.editing.request import EditRequest, MaskRequest
from soundini.errors import ConfigError, MediaError
from soundini.jobs.job import Job
from soundini.jobs.journal import LOG, LOSSES, Journal, last_step
from soundini.jobs.listing import list_jobs
from soundini.jobs.windows import WINDOWS, WindowFiles, read_sealed, write_sealed

from .conftest import BOX


@pytest.mark.parametrize(
    "data", [b"\xff\xfe,1", b"step\n" + b"9" * 5000 + b",1,a,1\n", "²,1".encode()]
)
def test_losses_that_are_no_numbers_count_for_nothing(tmp_path, data):
    (tmp_path / LOSSES).write_bytes(data)
    assert last_step(tmp_path) == 0
    Journal(tmp_path)


def test_journals_are_not_written_through_links(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / LOG).symlink_to(tmp_path / "precious")
    with pytest.raises(MediaError, match=r"log\.jsonl"):
        Journal(tmp_path).tell("begun")
    assert (tmp_path / "precious").read_text() == "mine"


def test_windows_are_not_written_through_links(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / WINDOWS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="symbolic link"):
        WindowFiles(tmp_path, "00000000", 0.0, print)


def test_sealed_by_somebody_else_is_not_believed(tmp_path):
    import torch

    write_sealed(tmp_path / "a", {}, {})
    assert read_sealed(tmp_path / "a") is not None
    write_sealed(tmp_path / "b", {}, [1])
    assert read_sealed(tmp_path / "b") is None
    write_sealed(tmp_path / "c", {"x": torch.ones(1)}, {})
    os.mkfifo(tmp_path / "d")
    assert read_sealed(tmp_path / "d") is None


@pytest.fixture
def job(video, tmp_path):
    """A job of an edit that has not begun, in a folder of jobs."""
    (tmp_path / "jobs").mkdir()
    request = EditRequest(
        video=video,
        sound="self",
        output=tmp_path / "out.mp4",
        mask=MaskRequest(box=BOX),
        models="debug",
    )
    edit = prepare_edit(request)
    Job.create(edit, tmp_path / "jobs" / "job").close()
    edit.close()
    return tmp_path / "jobs" / "job"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token", "../../x"),
        ("created", "soon"),
        ("created", "2026-01-01T00:00:00"),
        ("steps", -1),
        ("steps", 10**400),
    ],
)
def test_records_of_another_kind_are_damaged(job, refused, name, value):
    record = json.loads((job / "job.json").read_text())
    (job / "job.json").write_text(json.dumps(record | {name: value}))
    assert "damaged" in refused("resume", job)
    assert [status.state for status in list_jobs(job.parent)] == ["damaged"]
    assert main(["jobs", "clean", "--yes", "--in", str(job.parent)]) == 0
    assert list(job.parent.iterdir()) == []


def test_job_of_a_device_is_refused_before_it_is_hashed(job, refused):
    record = json.loads((job / "job.json").read_text())
    record["request"]["video"] = "/dev/zero"
    (job / "job.json").write_text(json.dumps(record))
    assert "not a plain file" in refused("resume", job)


def test_lock_that_is_a_link_is_not_emptied(job, refused):
    (job.parents[1] / "precious").write_text("mine")
    (job / "lock").unlink(missing_ok=True)
    (job / "lock").symlink_to(job.parents[1] / "precious")
    assert "symbolic link" in refused("resume", job)
    assert (job.parents[1] / "precious").read_text() == "mine"


def test_clean_leaves_folders_that_are_no_jobs(job):
    other = job.parent / "project"
    (other / "windows").mkdir(parents=True)
    (other / "windows" / "house.txt").write_text("mine")
    (other / "notes.txt").write_text("mine")
    (job.parent / "link").symlink_to(other)
    assert main(["jobs", "clean", "--yes", "--in", str(job.parent)]) == 0
    assert (other / "windows" / "house.txt").exists()
    assert not job.exists()
