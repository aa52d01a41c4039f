import json
import threading

import numpy as np
import pytest

from soundini.errors import ConfigError
from soundini.masks import tracking
from soundini.media.video_reader import count_frames
from soundini.web.refusals import BusyError, MissingError

from .conftest import ME, SLOW, YOU, frames_of, running, wait


def test_an_edit_from_form_to_files(service, form_for):
    form = form_for(service)
    job_id = service.submit(ME, form)
    told = [event.job for event in service.events(ME, job_id)]
    states = list(dict.fromkeys(job.state for job in told))
    assert states[-2:] == ["running", "done"]
    steps = [job.step for job in told]
    assert steps == sorted(steps)
    assert told[-1].step == told[-1].steps > 0
    assert any(job.eta_seconds is not None for job in told)
    done = told[-1]
    assert done.label == "clip.mp4 + fire.wav"
    assert done.summary is not None
    assert done.summary.frames == 24
    assert done.summary.losses
    result = service.result(ME, job_id)
    assert count_frames(result.video) == count_frames(result.source) == 24
    edited, source = frames_of(result.video), frames_of(result.source)
    inside = np.abs(edited[-1, 20:44, 30:56].astype(int) - source[-1, 20:44, 30:56]).mean()
    outside = np.abs(edited[-1, :, 76:].astype(int) - source[-1, :, 76:]).mean()
    assert inside > 3 * outside
    assert json.loads(result.recipe.read_text())["output"]["frames"] == 24
    assert service.form(ME, job_id) == form


def test_an_edit_is_cancelled_while_its_mask_is_followed(service, form_for, monkeypatch):
    move, reached, go_on, moved = tracking.move_mask, threading.Event(), threading.Event(), []

    def slowly(*arguments):
        moved.append(True)
        reached.set()
        assert go_on.wait(30)
        return move(*arguments)

    monkeypatch.setattr(tracking, "move_mask", slowly)
    job_id = service.submit(ME, form_for(service, track=True))
    assert reached.wait(30)
    assert 0 < service.job(ME, job_id).masks < 1
    service.cancel(ME, job_id)
    go_on.set()
    job = wait(service, ME, job_id)
    assert (job.state, job.step, job.masks, len(moved)) == ("cancelled", 0, None, 1)
    service.resume(ME, job_id)
    assert wait(service, ME, job_id).state == "done"
    assert len(moved) == 1 + 23


def test_cancelled_within_a_step_and_resumed_to_the_same_bytes(service, form_for):
    quick = ("sampling.steps=8", "region.size=32", "window.frames=6")
    form = form_for(service, settings=quick, end="16")
    plain = service.submit(ME, form)
    assert wait(service, ME, plain).state == "done"
    again = service.submit(ME, form)
    begun = running(service, ME, again)
    assert service.preview(ME, again).ndim == 3
    service.cancel(ME, again)
    stopped = wait(service, ME, again)
    assert stopped.state == "cancelled"
    assert begun.step <= stopped.step <= begun.step + 3 < stopped.steps
    assert service.preview(ME, again) is None
    with pytest.raises(MissingError, match="not done yet"):
        service.result(ME, again)
    service.resume(ME, again)
    assert wait(service, ME, again).state == "done"
    assert (
        service.result(ME, again).video.read_bytes() == service.result(ME, plain).video.read_bytes()
    )


def test_one_at_a_time_in_order_and_waiting_ones_can_be_taken_out(service, form_for):
    slow, quick = form_for(service, settings=SLOW), form_for(service)
    first = service.submit(ME, slow)
    running(service, ME, first)
    second, third = service.submit(ME, quick), service.submit(ME, quick)
    assert [service.job(ME, i).queue_place for i in (first, second, third)] == [None, 1, 2]
    assert [job.id for job in service.jobs(ME)] == [third, second, first]
    service.cancel(ME, second)
    assert service.job(ME, second).state == "cancelled"
    assert service.job(ME, third).queue_place == 1
    service.cancel(ME, first)
    assert wait(service, ME, third).state == "done"
    assert service.job(ME, first).state == "cancelled"
    with pytest.raises(ConfigError, match="this job is done"):
        service.resume(ME, third)


def test_a_new_server_finds_what_the_old_one_left(service_in, form_for):
    old = service_in()
    form = form_for(old, settings=SLOW)
    done = old.submit(ME, form_for(old))
    assert wait(old, ME, done).state == "done"
    begun, waiting = old.submit(ME, form), old.submit(ME, form_for(old))
    seen = running(old, ME, begun)
    old.close()
    new = service_in()
    views = {job.id: job for job in new.jobs(ME)}
    assert [job.id for job in new.jobs(ME)] == [waiting, begun, done]
    assert [views[i].state for i in (done, begun, waiting)] == [
        "done",
        "interrupted",
        "interrupted",
    ]
    assert views[begun].step >= seen.step
    assert views[done].summary is not None
    assert new.result(ME, done).video.is_file()
    # A client that listened to the old server goes on with the new one.
    assert next(iter(new.events(ME, begun, after=57))).job.state == "interrupted"
    new.resume(ME, waiting)
    assert wait(new, ME, waiting).state == "done"
    new.resume(ME, begun)
    resumed = running(new, ME, begun)
    assert (
        resumed.step >= views[begun].step - 10
    )  # a state is kept every few seconds, or when it stops
    new.cancel(ME, begun)


def test_a_killed_server_leaves_tickets_that_say_running(service_in, form_for):
    old = service_in()
    job_id = old.submit(ME, form_for(old, settings=SLOW))
    running(old, ME, job_id)
    ticket = next(old.folder.glob(f"owners/*/jobs/{job_id}/ticket.json"))
    text = ticket.read_text()
    assert json.loads(text)["state"] == "running"
    old.close()
    ticket.write_text(text)
    assert service_in().job(ME, job_id).state == "interrupted"


def test_one_server_a_folder(service, service_in):
    with pytest.raises(ConfigError, match="another soundini web uses"):
        service_in()


def test_somebody_elses_job_is_none(service, form_for):
    job_id = service.submit(ME, form_for(service))
    for ask_for in (
        service.job,
        service.form,
        service.preview,
        service.cancel,
        service.resume,
        service.delete,
        service.result,
        lambda owner, i: next(service.events(owner, i)),
    ):
        with pytest.raises(MissingError, match="there is no such job"):
            ask_for(YOU, job_id)
    assert service.jobs(YOU) == []
    assert wait(service, ME, job_id).state == "done"


def test_only_so_much_waits(service_in, form_for):
    service = service_in(waiting=2, waiting_in_all=3)
    slow = form_for(service, settings=SLOW)
    mine = [service.submit(ME, slow) for _ in range(2)]
    with pytest.raises(BusyError, match="2 edits of yours"):
        service.submit(ME, slow)
    other = form_for(service, YOU, settings=SLOW)
    service.submit(YOU, other)
    with pytest.raises(BusyError, match="too many edits wait"):
        service.submit(YOU, other)
    for job_id in mine:
        service.cancel(ME, job_id)


def test_a_running_job_is_deleted_when_it_has_stopped(service, form_for):
    job_id = service.submit(ME, form_for(service, settings=SLOW))
    running(service, ME, job_id)
    service.delete(ME, job_id)
    with pytest.raises(MissingError):
        service.job(ME, job_id)
    after = service.submit(ME, form_for(service))
    assert wait(service, ME, after).state == "done"
    assert not list(service.folder.glob(f"owners/*/jobs/{job_id}"))


def test_what_goes_wrong_is_told_in_the_visitors_words_and_the_next_job_is_done(
    service, form_for, media
):
    silent = form_for(service, settings=("sound.offset=100",))
    gone = form_for(service)
    service.submit(ME, silent)
    failed = service.submit(ME, gone)
    service.file(ME, gone.sound).path.unlink()
    fine = service.submit(ME, form_for(service))
    assert wait(service, ME, fine).state == "done"
    jobs = {job.id: job for job in service.jobs(ME)}
    assert jobs[failed].state == "failed"
    assert "fire.wav" in str(jobs[failed].error)
    for job in jobs.values():
        assert str(service.folder) not in str(job.error)
        assert "\n" not in str(job.error)
