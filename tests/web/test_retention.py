"""For how long things are kept, with made-up times."""

import os
import time

import pytest

from soundini.web.jobs.live_job import TICKET
from soundini.web.jobs.retention import Cleaner, Keep
from soundini.web.refusals import MissingError

from .conftest import ME, QUICK, SLOW, YOU, running, wait

DAY = 86400.0


@pytest.fixture
def rounds(service):
    """Does a round at a day from now, for things that are kept so long."""

    def tidy(day, **keep):
        cleaner = Cleaner(service.folder, service._queue, Keep(**keep))
        cleaner.close()
        cleaner.tidy(time.time() + day * DAY)

    return tidy


def there(service, form, owner=ME):
    found = []
    for name in (form.video, form.sound):
        path = next(service.folder.glob(f"owners/*/files/{name}"), None)
        found.append(path is not None)
    return found


def test_uploads_that_nobody_used_are_deleted_and_others_are_not(service, form_for, rounds):
    old, young = form_for(service), form_for(service, YOU)
    film = service.mask_overlay(ME, old)
    for path in (*service.folder.glob(f"owners/*/files/{old.video}/about.json"), film):
        os.utime(path, (time.time() - 3 * DAY,) * 2)
    rounds(0, files=2)
    assert there(service, old) == [False, True]
    assert there(service, young) == [True, True]
    assert not film.exists()
    with pytest.raises(MissingError):
        service.file(ME, old.video)


def test_use_makes_an_upload_young(service, form_for, rounds):
    form = form_for(service)
    for path in service.folder.glob("owners/*/files/*/about.json"):
        os.utime(path, (time.time() - 3 * DAY,) * 2)
    service.file(ME, form.video)
    rounds(0, files=2)
    assert there(service, form) == [True, False]


def test_what_a_job_needs_is_kept_as_long_as_the_job(service, form_for, rounds):
    form = form_for(service, scope="frame")
    job_id = service.submit(ME, form)
    wait(service, ME, job_id)
    rounds(400, files=1)
    assert there(service, form) == [True, True]
    assert service.result(ME, job_id).video.exists()
    rounds(400, jobs=500)
    assert service.result(ME, job_id).video.exists()
    rounds(400, files=1, jobs=300)
    assert service.jobs(ME) == []
    assert there(service, form) == [False, False]
    assert list(service.folder.glob("owners/*/jobs/*")) == []


def test_jobs_that_wait_or_run_are_never_touched(service, form_for, rounds):
    form = form_for(service, settings=SLOW)
    first, second = service.submit(ME, form), service.submit(ME, form)
    running(service, ME, first)
    for path in service.folder.glob(f"owners/*/jobs/*/{TICKET}"):
        os.utime(path, (0, 0))
    rounds(400, files=1, jobs=1)
    assert [service.job(ME, name).state for name in (first, second)] == ["running", "queued"]
    assert there(service, form) == [True, True]
    service.cancel(ME, second)
    rounds(0, jobs=1)  # it has only just ended
    assert service.job(ME, second).state == "cancelled"
    service.cancel(ME, first)
    wait(service, ME, first)


def test_everything_is_kept_unless_somebody_says_otherwise(service, form_for, rounds):
    assert service._cleaner._thread is None
    form = form_for(service)
    rounds(4000)
    assert there(service, form) == [True, True]


def test_the_server_tidies_by_itself(service_in, form_for):
    service = service_in()
    form = form_for(service, settings=QUICK)
    service.close()
    for path in service.folder.glob("owners/*/files/*/about.json"):
        os.utime(path, (0, 0))
    again = service_in(keep=Keep(files=30))
    again._cleaner.close()  # a round is done to its end
    assert there(again, form) == [False, False]
