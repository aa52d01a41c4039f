"""Getting all that a pack needs: planned and priced first, then fetched from the first address that gives it, and imported."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from soundini.errors import ModelError, Option
from soundini.weights import registry
from soundini.weights.download import (
    AddressError,
    Arrived,
    UnreachableError,
    actual_address,
    discard_parts,
    download,
    open_client,
    part_file,
)
from soundini.weights.formats import find_format
from soundini.weights.importing import Imported, import_checkpoint
from soundini.weights.published import PACKS, Entry, Source
from soundini.weights.registry import SOUND_ENCODERS, find_entry
from soundini.weights.store import (
    downloads_folder,
    find_download,
    home_folder,
    mismatch,
    models_folder,
    whole_download,
)

if TYPE_CHECKING:
    import httpx

OFFLINE_VARIABLE = "HF_HUB_OFFLINE"
"""Set to 1, it forbids the network, to us as to Hugging Face's own tools."""

State = Literal["ready", "downloaded", "missing"]


@dataclass(frozen=True)
class Need:
    """One thing to get: the first of some checkpoints that can be had.

    Args:
        candidates: in order of preference; the first is the one that is priced.
        state: of the first: imported already, or downloaded already, or missing.
    """

    candidates: tuple[Entry, ...]
    state: State

    @property
    def entry(self) -> Entry:
        """The preferred checkpoint."""
        return self.candidates[0]


@dataclass(frozen=True)
class FetchPlan:
    """What is to be got, and what that takes.

    Args:
        needs: each thing.
        home: the folder of :func:`soundini.weights.store.home_folder`.
        download_bytes: about how much comes over the network.
        disk_bytes: about how much the disk must take: published files and converted ones.
        free_bytes: what the disk has left.
    """

    needs: tuple[Need, ...]
    home: Path
    download_bytes: int
    disk_bytes: int
    free_bytes: int

    @property
    def open_needs(self) -> list[Need]:
        """Those that are not ready."""
        return [need for need in self.needs if need.state != "ready"]


@dataclass(frozen=True)
class AddressFailed:
    """An address did not give a file; the next one is tried.

    Args:
        entry: whose file it is.
        url: the address that was asked.
        reason: why.
    """

    entry: Entry
    url: str
    reason: str


FetchEvent = Arrived | AddressFailed | Imported


def plan_fetch(
    names: Sequence[str], home: Path | None = None, *, sound_encoder: str | None = None
) -> FetchPlan:
    """Find out what is to be got, before anything is.

    Args:
        names: of entries of the registry, or of packs.
        home: see :func:`soundini.weights.store.home_folder`.
        sound_encoder: the one that a pack is to have; None for one that is there, else for the first that can be had.

    Raises:
        ModelError: there is no entry or encoder of that name.
    """
    needs = tuple(_need(c, home) for c in _candidates(names, home, sound_encoder))
    root = home_folder(home)
    missing = [need.entry for need in needs if need.state == "missing"]
    arrived = sum(_arrived_bytes(entry, home) for entry in missing)
    wanted = sum(entry.expected_bytes for entry in missing) - arrived
    converted = sum(4 * need.entry.numbers for need in needs if need.state != "ready")
    free = shutil.disk_usage(_existing(root)).free
    return FetchPlan(needs, root, max(wanted, 0), max(wanted, 0) + converted, free)


def fetching(
    plan: FetchPlan, *, offline: bool = False
) -> Generator[FetchEvent, None, list[Imported]]:
    """Get, check and import what a plan lacks; one thing that cannot be had does not hold up the others.

    Each address is tried in turn, then the next candidate. What has arrived of a file is kept for the next try.

    Args:
        plan: see :func:`plan_fetch`.
        offline: ask no address; import what lies in the downloads folder. ``$HF_HUB_OFFLINE`` does the same.

    Yields:
        Progress, addresses that failed, and each checkpoint as soon as it is imported.

    Returns:
        The imported checkpoints.

    Raises:
        ModelError: something cannot be had, the disk is full, or another fetch is running. The message says what to do.
    """
    offline = offline or os.environ.get(OFFLINE_VARIABLE, "").lower() in ("1", "true", "yes", "on")
    done: list[Imported] = []
    lacking: list[Need] = []
    folder = downloads_folder(plan.home)
    with ExitStack() as stack:
        stack.callback(_alone(folder).release)
        network = None if offline else _Network(stack.enter_context(open_client()))
        for need in plan.open_needs:
            for entry in need.candidates:
                result = yield from _obtain(entry, plan.home, network)
                if result is not None:
                    done.append(result)
                    break
            else:
                lacking.append(need)
    if lacking:
        raise _lacking(lacking, folder, offline)
    return done


class _Network:
    """What speaks to addresses, and remembers hosts where nobody answered."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.dead: set[str] = set()


def _obtain(
    entry: Entry, home: Path, network: _Network | None
) -> Generator[FetchEvent, None, Imported | None]:
    """Get one checkpoint; None where no address gives it."""
    there = whole_download(entry, home)
    if there is not None:
        result = import_checkpoint(there, home, (find_format(entry.name),))
        yield result
        return result
    if network is None:
        return None
    for source in entry.sources:
        for url in source.urls:
            address = actual_address(url)
            host = urlsplit(address).netloc
            try:
                if host in network.dead:
                    raise UnreachableError("nobody answered at {host} before", host=host)
                path = yield from _fetch_from(network.client, entry, source, url, home)
                result = _import_fetched(entry, source, path, home)
            except AddressError as error:
                if isinstance(error, UnreachableError):
                    network.dead.add(host)
                yield AddressFailed(entry, address, str(error))
                continue
            yield result
            return result
    return None


def _fetch_from(
    client: httpx.Client, entry: Entry, source: Source, url: str, home: Path
) -> Generator[FetchEvent, None, Path]:
    """Download from one address, check the hash, and give the file its name."""
    folder = downloads_folder(home)
    target = folder / source.file
    try:
        part = yield from download(client, source, url, folder, entry.least_bytes(source))
        if wrong := mismatch(part, source):
            part.unlink()
            raise AddressError("{why}", why=wrong)
        part.replace(target)
        discard_parts(folder, source)
    except OSError as error:
        raise ModelError(
            "cannot write {target}: {why}; free space there and run again, what has arrived is kept",
            target=target,
            why=error.strerror or error,
        ) from error
    return target


def _import_fetched(entry: Entry, source: Source, path: Path, home: Path) -> Imported:
    try:
        return import_checkpoint(path, home, (find_format(entry.name),))
    except ModelError as error:
        if source.sha256 or source.sha256_prefix or source.git_blob:
            raise  # the file is the published one: another address would give the same
        path.unlink(missing_ok=True)
        raise AddressError("it gives another file ({why})", why=error) from None


def _candidates(
    names: Sequence[str], home: Path | None, sound_encoder: str | None
) -> list[tuple[Entry, ...]]:
    """The alternatives for each thing that the names stand for, in the order of the registry."""
    if sound_encoder is not None and sound_encoder not in SOUND_ENCODERS:
        raise ModelError(
            "there is no sound encoder {sound_encoder!r}; use one of {names}",
            sound_encoder=sound_encoder,
            names=", ".join(SOUND_ENCODERS),
        )
    found: dict[str, tuple[Entry, ...]] = {}
    for name in names:
        if name not in PACKS:
            found[name] = (find_entry(name),)
            continue
        for entry in registry.ENTRIES:
            if name not in entry.packs:
                continue
            choices = (entry,)
            if entry.name in SOUND_ENCODERS:
                choices = _encoders(home, sound_encoder)
            found.setdefault(choices[0].name, choices)
    return list(found.values())


def _encoders(home: Path | None, chosen: str | None) -> tuple[Entry, ...]:
    if chosen is not None:
        return (find_entry(chosen),)
    entries = tuple(find_entry(name) for name in SOUND_ENCODERS)
    for entry in entries:
        if _state(entry, home) != "missing":
            return (entry,)
    return entries


def _need(candidates: tuple[Entry, ...], home: Path | None) -> Need:
    return Need(candidates, _state(candidates[0], home))


def _state(entry: Entry, home: Path | None) -> State:
    if (models_folder(home) / find_format(entry.name).weights).is_file():
        return "ready"
    return "missing" if find_download(entry, home) is None else "downloaded"


def _arrived_bytes(entry: Entry, home: Path | None) -> int:
    folder, source = downloads_folder(home), entry.sources[0]
    parts = (part_file(folder, source, actual_address(url)) for url in source.urls)
    return max((part.stat().st_size for part in parts if part.is_file()), default=0)


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def _alone(folder: Path) -> FileLock:
    """Lock the downloads folder, so that no two processes write one part file."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise ModelError(
            "another soundini weights fetch is writing to {folder}; wait until it has ended",
            folder=folder,
        ) from None
    except OSError as error:
        raise ModelError(
            "cannot write to {folder}: {why}; set SOUNDINI_HOME to a folder that can be written to",
            folder=folder,
            why=error.strerror,
        ) from None
    return lock


def _lacking(needs: Sequence[Need], folder: Path, offline: bool) -> ModelError:
    names = ", ".join(need.entry.name for need in needs)
    places = " and ".join(
        f"{need.entry.sources[0].urls[0]} (as {need.entry.file})" for need in needs
    )
    why = "is not here, and the network is not asked" if offline else "cannot be downloaded"
    return ModelError(
        "{names} {why}; get {places} on another machine, put it in {folder}, "
        "then run the same command with {option}",
        names=names,
        why=why,
        places=places,
        folder=folder,
        option=Option("offline"),
    )
