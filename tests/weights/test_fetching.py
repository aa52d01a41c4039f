"""Getting checkpoints from servers that misbehave: each way in which it goes wrong, and goes on."""

import hashlib
import socket
import sys
from dataclasses import replace

import pytest
import torch

from soundini.errors import ModelError
from soundini.generators import finish
from soundini.weights import download as download_module
from soundini.weights import registry
from soundini.weights.fetching import AddressFailed, fetching, plan_fetch
from soundini.weights.importing import Imported
from soundini.weights.lpips import lins_layout
from soundini.weights.published import Source
from soundini.weights.random import random_tensors
from soundini.weights.registry import find_entry
from soundini.weights.store import downloads_folder, models_folder
from weights_mirror import running

pytest.importorskip("httpx")

NAME = "lpips_vgg_lins"
FILE = "vgg.pth"
BALLAST = 600_000


@pytest.fixture(autouse=True)
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


def _source(data, *urls, **fields):
    known = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} | fields
    return Source(FILE, urls, **known)


def _unknown(*urls):
    """A source of which neither size nor hash are published."""
    return Source(FILE, urls)


def _fetch(home, **options):
    events = []
    finish(fetching(plan_fetch([NAME], home), **options), events.append)
    return events


def _failures(events):
    return [(e.url, e.reason) for e in events if isinstance(e, AddressFailed)]


def _parts(home):
    return [p for p in downloads_folder(home).iterdir() if p.suffix in (".part", ".etag")]


def test_a_file_is_fetched_checked_and_imported(server, entry, data, tmp_path):
    entry(_source(data, server.put("/a", data)))
    events = _fetch(tmp_path)
    assert isinstance(events[-1], Imported)
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data
    assert (models_folder(tmp_path) / "lpips" / "lpips_vgg_lins.safetensors").is_file()
    assert not _parts(tmp_path)
    assert _fetch(tmp_path) == []
    assert server.asked == [("/a", None)]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_cut_connection_is_resumed(server, entry, data, tmp_path, ranges):
    entry(_source(data, server.put("/a", data, cuts=[400_000], ranges=ranges)))
    assert not _failures(_fetch(tmp_path))
    assert server.asked == [("/a", None), ("/a", 400_000)]


def test_a_later_run_goes_on_where_the_last_one_ended(server, entry, data, tmp_path):
    entry(_source(data, server.put("/a", data, cuts=[300_000, 10])))
    with pytest.raises(ModelError, match="lpips_vgg_lins cannot be downloaded"):
        _fetch(tmp_path)
    assert [p.stat().st_size for p in _parts(tmp_path)] == [300_010]
    assert plan_fetch([NAME], tmp_path).download_bytes == len(data) - 300_010
    assert not _failures(_fetch(tmp_path))
    assert server.asked[-1] == ("/a", 300_010)


def test_a_part_belongs_to_one_address(server, entry, data, tmp_path):
    other = bytes(reversed(data))
    first = server.put("/first", other, cuts=[300_000, 0], sized=True)
    entry(_source(data, first, server.put("/second", data)))
    failures = _failures(_fetch(tmp_path))
    assert [url for url, _ in failures] == [first]
    assert server.asked[-1] == ("/second", None)  # from its beginning
    assert not _parts(tmp_path)


def test_a_part_belongs_to_one_expected_file(server, entry, data, tmp_path):
    url = server.put("/a", data, cuts=[300_000, 0])
    entry(_unknown(url))
    with pytest.raises(ModelError):
        _fetch(tmp_path)
    entry(_source(data, url))
    _fetch(tmp_path)
    assert server.asked[-1] == ("/a", None)


@pytest.mark.parametrize("minds", [True, False])
def test_a_file_that_changed_meanwhile_is_begun_anew(server, entry, data, tmp_path, minds):
    before = bytes(reversed(data))
    entry(_unknown(server.put("/a", before, cuts=[300_000, 0], tag='"1"')))
    with pytest.raises(ModelError):
        _fetch(tmp_path)
    server.put("/a", data, tag='"2"', minds_tag=minds)
    _fetch(tmp_path)
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data


def test_a_part_that_is_whole_already_is_taken(server, entry, data, tmp_path):
    made = _source(data, server.put("/a", data))
    entry(made)
    part = download_module.part_file(downloads_folder(tmp_path), made, made.urls[0])
    part.parent.mkdir()
    part.write_bytes(data)
    _fetch(tmp_path)
    assert server.asked == [("/a", len(data))]


def test_a_part_that_is_too_long_is_thrown_away(server, entry, data, tmp_path):
    made = _source(data, server.put("/a", data))
    entry(made)
    part = download_module.part_file(downloads_folder(tmp_path), made, made.urls[0])
    part.parent.mkdir()
    part.write_bytes(data + b"more")
    _fetch(tmp_path)
    assert [first for _, first in server.asked] == [len(data) + 4, None]


@pytest.mark.parametrize(
    ("how", "published", "says"),
    [
        ({"page": "typed"}, True, "web page"),
        ({"page": "typed"}, False, "web page"),
        ({"page": "untyped"}, True, "bytes, not"),
        ({"page": "untyped"}, False, "web page"),
        ({"status": 404}, True, "HTTP 404"),
        ({"status": 503}, False, "HTTP 503"),
        ({"data": b"short"}, True, "5 bytes, not"),
        ({"data": b"short"}, False, "5 bytes"),
        ({"data": b"short", "sized": False}, True, "ended at 5 of"),
        ({"data": b"short", "sized": False}, False, "5 bytes"),
    ],
)
def test_what_is_no_checkpoint_is_refused_and_the_next_address_is_asked(
    server, entry, data, tmp_path, how, published, says
):
    bad, good = server.put("/bad", **({"data": data} | how)), server.put("/good", data)
    entry(_source(data, bad, good) if published else _unknown(bad, good))
    ((url, reason),) = _failures(_fetch(tmp_path))
    assert url == bad
    assert says in reason
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize("change", [1, -1])
def test_a_file_of_another_size_is_refused(server, entry, data, tmp_path, sized, change):
    other = (data + b"more")[: len(data) + change]
    bad = server.put("/bad", other, sized=sized)
    entry(_source(data, bad, server.put("/good", data)))
    ((_, reason),) = _failures(_fetch(tmp_path))
    assert f"{len(data):,}" in reason


@pytest.mark.parametrize("field", ["sha256", "sha256_prefix", "git_blob"])
def test_a_file_of_another_hash_is_refused(server, entry, data, tmp_path, field):
    blob = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
    digest = hashlib.sha256(data).hexdigest()
    right = {"sha256": digest, "sha256_prefix": digest[:8], "git_blob": blob}[field]
    other = bytes(len(data))
    bad, good = server.put("/bad", other), server.put("/good", data)
    entry(Source(FILE, (bad, good), **{field: right}))
    ((_, reason),) = _failures(_fetch(tmp_path))
    assert right in reason
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data


def test_a_file_without_a_published_hash_must_be_of_the_layout(server, entry, data, tmp_path):
    entry(_unknown(server.put("/bad", bytes(len(data))), server.put("/good", data)))
    ((_, reason),) = _failures(_fetch(tmp_path))
    assert "another file" in reason


def test_another_source_serves_where_the_first_fails(server, entry, data, tmp_path):
    import safetensors.torch

    twin = tmp_path / "twin.safetensors"
    safetensors.torch.save_file(dict(random_tensors(lins_layout(), 1)), twin)
    other = Source("twin.safetensors", (server.put("/twin", twin.read_bytes()),))
    entry(_source(data, server.url("/nowhere")), other)
    (failure,) = _failures(_fetch(tmp_path / "home"))
    assert failure == (server.url("/nowhere"), "HTTP 404 Not Found")
    assert (downloads_folder(tmp_path / "home") / "twin.safetensors").is_file()


def test_drives_form_is_filled_in(server, entry, data, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module, "_DRIVE_HOSTS", ("127.0.0.1",))
    entry(_unknown(server.put("/uc", data, form=True, cuts=[300_000, 0])))
    with pytest.raises(ModelError):
        _fetch(tmp_path)
    assert not _failures(_fetch(tmp_path))
    assert server.asked[-1] == ("/uc", 300_000)
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data


def test_a_page_of_drives_without_a_form_is_refused(server, entry, data, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module, "_DRIVE_HOSTS", ("127.0.0.1",))
    entry(_unknown(server.put("/uc", data, page="typed"), server.put("/good", data)))
    ((_, reason),) = _failures(_fetch(tmp_path))
    assert "Google Drive answers with a page" in reason


def test_a_form_of_another_host_is_not_filled_in(server, entry, data, tmp_path):
    entry(_unknown(server.put("/uc", data, form=True), server.put("/good", data)))
    ((_, reason),) = _failures(_fetch(tmp_path))
    assert reason == "it answers with a web page, not the file"


def test_a_dead_address_costs_seconds_once(entry, server, data, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    dead = [f"http://127.0.0.1:{port}/{name}" for name in "ab"]
    entry(_source(data, *dead, server.put("/good", data)))
    failures = _failures(_fetch(tmp_path))
    assert [url for url, _ in failures] == dead
    assert "nobody answers" in failures[0][1]
    assert failures[1][1] == f"nobody answered at 127.0.0.1:{port} before"


def test_a_silent_address_is_given_up(entry, server, data, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module, "_READ_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the call, and says nothing
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/a"
        entry(_source(data, address, server.put("/good", data)))
        ((url, _),) = _failures(_fetch(tmp_path))
    assert url == address


def test_proxies_of_the_environment_are_used(server, entry, data, tmp_path, monkeypatch):
    server.put("/a", data)
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    monkeypatch.setenv("NO_PROXY", "")
    entry(_source(data, "http://weights.invalid/a"))
    _fetch(tmp_path)
    assert server.asked == [("/a", None)]


def test_the_hubs_address_follows_the_environment(server, entry, data, tmp_path, monkeypatch):
    server.put("/mirror/some/model/resolve/main/a", data)
    monkeypatch.setenv("HF_ENDPOINT", server.url("/mirror/"))
    entry(_source(data, "https://huggingface.co/some/model/resolve/main/a"))
    _fetch(tmp_path)
    assert server.asked == [("/mirror/some/model/resolve/main/a", None)]


def test_offline_nobody_is_asked(server, entry, data, tmp_path, monkeypatch):
    entry(_source(data, server.put("/a", data)))
    with pytest.raises(ModelError) as caught:
        _fetch(tmp_path, offline=True)
    message = str(caught.value)
    assert server.url("/a") in message
    assert str(downloads_folder(tmp_path)) in message
    assert "\n" not in message
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="the network is not asked"):
        _fetch(tmp_path)
    # what the message advises
    (downloads_folder(tmp_path) / FILE).write_bytes(data)
    assert isinstance(_fetch(tmp_path, offline=True)[-1], Imported)
    assert not server.asked


def test_a_download_that_was_damaged_is_fetched_again(server, entry, data, tmp_path):
    entry(_source(data, server.put("/a", data)))
    downloads_folder(tmp_path).mkdir()
    (downloads_folder(tmp_path) / FILE).write_bytes(bytes(len(data)))
    _fetch(tmp_path)
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data


def test_two_at_once_are_refused(server, entry, data, tmp_path):
    entry(_source(data, server.put("/a", data)))
    first = fetching(plan_fetch([NAME], tmp_path))
    next(first)
    with pytest.raises(ModelError, match="another soundini weights fetch"):
        _fetch(tmp_path)
    first.close()
    _fetch(tmp_path)


def test_a_full_disk_is_told(server, entry, data, tmp_path, monkeypatch):
    entry(_source(data, server.put("/a", data)))
    plan = plan_fetch([NAME], tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.open", full)
    with pytest.raises(ModelError, match="No space left on device; free space there"):
        list(fetching(plan))


def test_without_httpx_the_error_says_what_to_install(entry, data, tmp_path, monkeypatch):
    entry(_source(data, "http://127.0.0.1:9/a"))
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ModelError, match=r"pip install 'soundini\[paper\]'$"):
        _fetch(tmp_path)


def test_a_pack_is_its_needs(tmp_path):
    plan = plan_fetch(["paper-256", "vgg16"], tmp_path)
    assert [need.entry.name for need in plan.needs] == [
        "guided_256_uncond",
        "clip_vit_b32",
        "swin_audio",
        "raft_large",
        "vgg16",
        "lpips_vgg_lins",
    ]
    sound = plan.needs[2]
    assert tuple(e.name for e in sound.candidates) == registry.SOUND_ENCODERS
    assert plan.download_bytes == sum(need.entry.expected_bytes for need in plan.needs)
    assert plan.disk_bytes > 1.5 * plan.download_bytes
    chosen = plan_fetch(["paper-512"], tmp_path, sound_encoder="wav2clip_audio")
    assert "wav2clip_audio" in [need.entry.name for need in chosen.needs]
    with pytest.raises(ModelError, match="no sound encoder 'teapot'"):
        plan_fetch(["paper-512"], tmp_path, sound_encoder="teapot")
    with pytest.raises(ModelError, match="no weights 'teapot'"):
        plan_fetch(["teapot"], tmp_path)


def test_a_sound_encoder_that_is_there_is_enough(tmp_path):
    weights = models_folder(tmp_path) / "resnet18_audio" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"")
    sound = plan_fetch(["paper-256"], tmp_path).needs[2]
    assert (sound.entry.name, sound.state) == ("resnet18_audio", "ready")
