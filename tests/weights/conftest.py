import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from soundini.generators import finish
from soundini.weights import registry
from soundini.weights.fetching import AddressFailed, fetching, plan_fetch
from soundini.weights.published import Source
from soundini.weights.registry import find_entry
from soundini.weights.store import downloads_folder
from soundini.weights.vision import lins_layout
from soundini.weights.writing import random_tensors
from weights_mirror import running

NAME = "lpips_vgg_lins"
FILE = "vgg.pth"
BALLAST = 600_000


@pytest.fixture(scope="session")
def layouts() -> dict[str, dict[str, tuple[int, ...]]]:
    """Keys and shapes of the published checkpoints: facts, written down from the files."""
    text = (Path(__file__).parent / "data" / "layouts.json").read_text()
    return {
        name: {key: tuple(shape) for key, shape in layout.items()}
        for name, layout in json.loads(text).items()
    }


@pytest.fixture(scope="session")
def random_state():
    return lambda layout, seed=0: dict(random_tensors(layout, seed))


@pytest.fixture
def own_network(monkeypatch):
    """No proxies or switches of whoever runs the tests."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The channel weights of LPIPS, and bytes behind the archive that make it a file of some size."""
    path = tmp_path_factory.mktemp("lins") / FILE
    torch.save(dict(random_tensors(lins_layout())), path, _use_new_zipfile_serialization=False)
    return path.read_bytes() + bytes(BALLAST)


@pytest.fixture
def server():
    with running() as server:
        yield server


@pytest.fixture
def entry(monkeypatch, data):
    """Makes the registry hold one entry with the given sources."""

    def make(*sources):
        made = replace(find_entry(NAME), sources=sources)
        monkeypatch.setattr(registry, "ENTRIES", (made,))
        return made

    return make


def source_of(data, *urls, **fields):
    """A source of the file, with its published size and hash."""
    known = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} | fields
    return Source(FILE, urls, **known)


def unknown_source(*urls):
    """A source of which neither size nor hash are published."""
    return Source(FILE, urls)


def fetch(home, **options):
    """Fetch the entry into a folder; the events come back."""
    events = []
    finish(fetching(plan_fetch([NAME], home), **options), events.append)
    return events


def failed_addresses(events):
    """The addresses that failed, and why."""
    return [(e.url, e.reason) for e in events if isinstance(e, AddressFailed)]


def parts_in(home):
    """What is left of downloads that did not end."""
    return [p for p in downloads_folder(home).iterdir() if p.suffix in (".part", ".etag")]
