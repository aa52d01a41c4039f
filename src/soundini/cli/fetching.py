"""``soundini weights fetch``: prints the plan, asks, and shows the progress."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from soundini.errors import ConfigError
from soundini.generators import finish

if TYPE_CHECKING:
    from soundini.weights.fetching import FetchEvent, FetchPlan, Need
    from soundini.weights.importing import Imported
    from soundini.weights.published import Entry

DECLINED = 1
"""Exit code if the user did not agree."""


def fetch(
    names: Sequence[str],
    *,
    yes: bool = False,
    offline: bool = False,
    sound_encoder: str | None = None,
) -> int:
    """Plan, tell, ask, fetch and import.

    Args:
        names: of checkpoints or packs.
        yes: do not ask.
        offline: ask no address.
        sound_encoder: of a pack.

    Raises:
        ModelError: something cannot be had.
        ConfigError: there is nobody to ask, or the disk is too full.
    """
    from soundini.weights.fetching import fetching, plan_fetch
    from soundini.weights.published import PACKS

    plan = plan_fetch(names, sound_encoder=sound_encoder)
    _tell(plan)
    if plan.open_needs:
        _check_disk(plan)
        if not (yes or offline or _agreed()):
            print("nothing was fetched")
            return DECLINED
        with _Screen() as screen:
            finish(fetching(plan, offline=offline), screen.tell)
    packs = [name for name in names if name in PACKS]
    print(f"{', '.join(names)}: ready")
    for name in packs:
        print(f"next: soundini edit VIDEO --sound SOUND --box X,Y,W,H --models {name} -o out.mp4")
    return 0


def _tell(plan: FetchPlan) -> None:
    """Print what each file is, its licence and its size, then the sums."""
    for need in plan.needs:
        _tell_need(need)
    print(
        f"to download: {_amount(plan.download_bytes)}; disk for it and what is made of it: "
        f"{_amount(plan.disk_bytes)} of {_amount(plan.free_bytes)} free in {plan.home}",
        flush=True,
    )


def _tell_need(need: Need) -> None:
    entry = need.entry
    print(f"{entry.name:<18} {_size(entry)}{'' if need.state == 'missing' else f', {need.state}'}")
    print(f"{'':<18} {entry.purpose}")
    _tell_licence(entry)
    if need.state == "ready":
        return
    hosts = dict.fromkeys(urlsplit(url).netloc for s in entry.sources for url in s.urls)
    print(f"{'':<18} from {', else '.join(hosts)}")
    for other in need.candidates[1:]:
        print(f"{'':<18} else {other.name} ({_size(other)}): {other.purpose}")
        _tell_licence(other)


def _tell_licence(entry: Entry) -> None:
    print(f"{'':<18} licence: {entry.licence}")
    if entry.restriction:
        print(f"{'':<18} NOTE: {entry.restriction}")


def _size(entry: Entry) -> str:
    exact = entry.sources[0].bytes is not None
    return f"{'' if exact else 'about '}{_amount(entry.expected_bytes)}"


def _amount(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return f"{count / 1e3:.1f} kB"


def _check_disk(plan: FetchPlan) -> None:
    if plan.disk_bytes > plan.free_bytes:
        raise ConfigError(
            "this takes {amount} in {home}, where {free} are free; free some space, or set "
            "SOUNDINI_HOME to a folder on another disk",
            amount=_amount(plan.disk_bytes),
            home=plan.home,
            free=_amount(plan.free_bytes),
        )


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("there is nobody to ask; add --yes to fetch without asking")
    return input("fetch these? [y/N] ").strip().lower() in ("y", "yes")


class _Screen:
    """Progress bars on a terminal's standard error; lines for failed and finished files."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> _Screen:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tell(self, event: FetchEvent) -> None:
        """Show an event."""
        from soundini.weights.download import Arrived
        from soundini.weights.fetching import AddressFailed

        if isinstance(event, Arrived):
            bar = self._bars.get(event.file)
            if bar is None:
                bar = self._bars[event.file] = self._progress.add_task(event.file)
            self._progress.update(bar, completed=event.have, total=event.total)
        elif isinstance(event, AddressFailed):
            print(f"{event.entry.name}: {event.url}: {event.reason}", file=sys.stderr, flush=True)
        else:
            report_import(event)


def report_import(done: Imported) -> None:
    """Print what was imported, and where it is."""
    note = f", {done.note}" if done.note else ""
    print(f"{done.source.name}: {done.format}, {done.parameters:,} parameters{note}")
    print(f"  -> {done.weights}", flush=True)
