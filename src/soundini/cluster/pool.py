"""A pool of workers on a cluster; a lost worker's task goes to another one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError

from soundini.cluster.connection import WorkerNeeds
from soundini.errors import ConfigError

MOST_LOSSES = 3
"""Lost workers after which a task is given up, because the task may be what kills them."""
_LOOKS_A_SECOND = 500
"""Status requests a second, over all workers, so that a thousand workers do not overload the driver."""


@dataclass(frozen=True)
class Begun:
    """A worker began a task."""

    task: int


@dataclass(frozen=True)
class Told:
    """The latest status of a task."""

    task: int
    words: Any


@dataclass(frozen=True)
class Lost:
    """The worker of a task was lost; another one will do it."""

    task: int
    why: str


@dataclass(frozen=True)
class Ended:
    """A task ended; ``problem`` says why if it failed."""

    task: int
    result: Any
    problem: str = ""


PoolEvent = Begun | Told | Lost | Ended


@dataclass
class _Worker:
    actor: Any
    ready: Any
    free: bool = False
    task: int | None = None
    work: Any = None
    word: Any = None


@dataclass
class _Queue:
    waiting: deque[int]
    left: int
    losses: dict[int, int] = field(default_factory=dict)


class Pool:
    """A number of actors of one kind. Use it as a context manager: they end with it.

    Args:
        kind: the class of the worker, made of ``arguments``: ``ready()`` returns once it can work, ``do(task)`` returns the
            result, ``told()``, called meanwhile, returns what there is to say, or None.
        arguments: of the class.
        count: workers, 1 or more.
        needs: of each of them.
    """

    def __init__(
        self, kind: type, arguments: tuple[Any, ...], count: int, needs: WorkerNeeds
    ) -> None:
        self._kind = ray.remote(kind).options(
            num_cpus=needs.cpus,
            num_gpus=needs.gpus,
            memory=needs.memory,
            max_concurrency=2,
            scheduling_strategy="SPREAD",
        )
        self._arguments = arguments
        self._workers = [self._start() for _ in range(count)]
        self._failed_starts = 0
        self._listened = 0.0

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            ray.kill(worker.actor)

    def run(self, tasks: Sequence[Any]) -> Generator[PoolEvent, None, None]:
        """Do tasks, each by one worker, until every one of them ended.

        Args:
            tasks: anything that can be pickled.

        Raises:
            ConfigError: no worker can be started, however often it is tried.
        """
        queue = _Queue(deque(range(len(tasks))), len(tasks))
        while queue.left:
            for worker in self._workers:
                if worker.free and worker.task is None and queue.waiting:
                    worker.task = queue.waiting.popleft()
                    worker.work = worker.actor.do.remote(tasks[worker.task])
                    yield Begun(worker.task)
            yield from self._look(queue)

    def _start(self) -> _Worker:
        actor = self._kind.remote(*self._arguments)
        return _Worker(actor, actor.ready.remote())

    def _look(self, queue: _Queue) -> Iterator[PoolEvent]:
        """See what happened to the workers, waiting for it a while."""
        refs = {w.work if w.free else w.ready: w for w in self._workers if w.work or not w.free}
        patience = looks_apart(len(self._workers))
        seen, _ = ray.wait(list(refs), num_returns=1, timeout=patience)
        if seen:
            seen, _ = ray.wait(list(refs), num_returns=len(refs), timeout=0)
        for ref in seen:
            yield from self._settle(refs[ref], ref, queue)
        if time.monotonic() - self._listened >= patience:
            self._listened = time.monotonic()
            yield from self._listen()

    def _settle(self, worker: _Worker, ref: Any, queue: _Queue) -> Iterator[PoolEvent]:
        task, worker.task, worker.work = worker.task, None, None
        try:
            result = ray.get(ref)
        except RayError as error:
            yield from self._replace(worker, task, _last_line(error), queue)
            return
        if task is None:
            worker.free = True
            self._failed_starts = 0
        else:
            queue.left -= 1
            yield Ended(task, result)

    def _replace(
        self, worker: _Worker, task: int | None, why: str, queue: _Queue
    ) -> Iterator[PoolEvent]:
        ray.kill(worker.actor)
        if task is None:
            self._failed_starts += 1
            if self._failed_starts > MOST_LOSSES:  # the other workers go on without it
                self._workers.remove(worker)
                if not self._workers:
                    raise ConfigError("workers cannot be started on the cluster: {why}", why=why)
                return
        elif queue.losses.setdefault(task, 0) + 1 >= MOST_LOSSES:
            queue.left -= 1
            yield Ended(task, None, f"lost {MOST_LOSSES} workers one after the other: {why}")
        else:
            queue.losses[task] += 1
            queue.waiting.appendleft(task)
            yield Lost(task, why)
        self._workers[self._workers.index(worker)] = self._start()

    def _listen(self) -> Iterator[PoolEvent]:
        """Ask busy workers for their status and yield the answers that are there; never wait."""
        for worker in self._workers:
            if worker.task is not None and worker.word is None:
                worker.word = worker.actor.told.remote()
        asked = {w.word: w for w in self._workers if w.word is not None}
        for ref in ray.wait(list(asked), num_returns=len(asked), timeout=0)[0] if asked else ():
            worker = asked[ref]
            worker.word = None
            try:
                words = ray.get(ref)
            except RayError:  # its task will report this too
                continue
            if words is not None and worker.task is not None:
                yield Told(worker.task, words)


def _last_line(error: Exception) -> str:
    """Ray's long message as one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def looks_apart(workers: int) -> float:
    """Seconds between two questions to the same worker, where so many are asked."""
    return max(0.5, workers / _LOOKS_A_SECOND)
