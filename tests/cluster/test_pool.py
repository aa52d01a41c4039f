import os
import signal
import time
from contextlib import closing

import pytest

from soundini.cluster.connection import WorkerNeeds
from soundini.cluster.pool import MOST_LOSSES, Begun, Ended, Lost, Pool, Told
from soundini.errors import ConfigError

# Ray leaves files of its own open.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
SMALL = WorkerNeeds(cpus=1, memory=10**8)


class Squarer:
    """Squares numbers; dies of what it is told to."""

    def __init__(self, folder):
        self._folder = folder
        self._word = None

    def ready(self):
        if self._folder is None:
            raise ConfigError("there is nothing to work in")

    def told(self):
        return self._word

    def do(self, task):
        number, deaths = task
        self._word = f"at {number}"
        tries = self._folder / f"{number}"
        with tries.open("a") as file:
            file.write("x")
        if len(tries.read_text()) <= deaths:
            os.kill(os.getpid(), signal.SIGKILL)
        until = time.monotonic() + 20
        while number == 7 and not (self._folder / "heard").exists() and time.monotonic() < until:
            time.sleep(0.05)
        return number**2


def run(folder, tasks, count=2):
    with Pool(Squarer, (folder,), count, SMALL) as pool:
        return list(pool.run(tasks))


def results(events):
    return {event.task: event.result for event in events if isinstance(event, Ended)}


def test_every_task_is_done_once_and_workers_speak_meanwhile(driver, tmp_path):
    tasks = [(number, 0) for number in (1, 2, 7, 4, 5)]
    heard, done, begun = [], {}, []
    with Pool(Squarer, (tmp_path,), 2, SMALL) as pool, closing(pool.run(tasks)) as events:
        for event in events:
            if isinstance(event, Told):
                heard.append((event.task, event.words))
                (tmp_path / "heard").touch()
            elif isinstance(event, Begun):
                begun.append(event.task)
            elif isinstance(event, Ended):
                done[event.task] = event.result
        again = results(pool.run([(3, 0)]))
    assert done == {i: number**2 for i, (number, _) in enumerate(tasks)}
    assert sorted(begun) == [0, 1, 2, 3, 4]
    assert (2, "at 7") in heard
    assert again == {0: 9}
    assert {(tmp_path / str(number)).read_text() for number, _ in tasks} == {"x"}


def test_task_of_a_killed_worker_is_done_by_another(driver, tmp_path):
    events = run(tmp_path, [(1, 0), (2, 1), (3, 0)])
    assert results(events) == {0: 1, 1: 4, 2: 9}
    lost = [event for event in events if isinstance(event, Lost)]
    assert [event.task for event in lost] == [1]
    assert lost[0].why
    assert "\n" not in lost[0].why


def test_task_that_kills_its_workers_is_given_up(driver, tmp_path):
    events = run(tmp_path, [(1, 99), (2, 0)])
    ended = {event.task: event for event in events if isinstance(event, Ended)}
    assert ended[1].result == 4
    assert ended[0].result is None
    assert f"lost {MOST_LOSSES} workers" in ended[0].problem
    assert (tmp_path / "1").read_text() == "x" * MOST_LOSSES


def test_workers_that_cannot_start_are_told_in_a_line(driver):
    with pytest.raises(ConfigError, match=r"cannot be started.*nothing to work in") as caught:
        run(None, [(1, 0)])
    assert "\n" not in str(caught.value)


class Picky(Squarer):
    """One of them works, until the other has tried to start often enough to be given up."""

    def ready(self):
        starts = self._folder / "starts"
        with starts.open("a") as file:
            file.write("x")
        if len(starts.read_text()) > 1:
            raise ConfigError("one is enough")

    def do(self, task):
        until = time.monotonic() + 60
        while len((self._folder / "starts").read_text()) < 2 + MOST_LOSSES:
            assert time.monotonic() < until
            time.sleep(0.05)
        return super().do(task)


def test_workers_that_cannot_start_do_not_stop_the_others(driver, tmp_path):
    with Pool(Picky, (tmp_path,), 2, SMALL) as pool:
        events = list(pool.run([(1, 0), (2, 0), (3, 0)]))
    assert results(events) == {0: 1, 1: 4, 2: 9}


def test_workers_are_counted_by_what_is_scarcest():
    gib = 2**30
    nodes = [
        {"Alive": True, "Resources": {"CPU": 8.0, "GPU": 2.0, "memory": 64.0 * gib}},
        {"Alive": True, "Resources": {"CPU": 8.0, "memory": 64.0 * gib}},
        {"Alive": False, "Resources": {"CPU": 99.0, "GPU": 99.0, "memory": 999.0 * gib}},
    ]
    assert WorkerNeeds(cpus=1, memory=4 * gib).fitting(nodes) == 16
    assert WorkerNeeds(cpus=2, memory=40 * gib).fitting(nodes) == 2
    assert WorkerNeeds(cpus=1, gpus=0.5, memory=4 * gib).fitting(nodes) == 4
    assert WorkerNeeds(cpus=9, memory=gib).fitting(nodes) == 0
