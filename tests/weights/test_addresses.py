"""Where a file comes from: sources in turn, Drive's form, dead and silent addresses, proxies, offline."""

import socket

import pytest

from soundini.errors import ModelError
from soundini.weights import download as download_module
from soundini.weights.importing import Imported
from soundini.weights.published import Source
from soundini.weights.store import downloads_folder
from soundini.weights.vision import lins_layout
from soundini.weights.writing import random_tensors

from .conftest import FILE, failed_addresses, fetch, source_of, unknown_source

pytest.importorskip("httpx")
pytestmark = pytest.mark.usefixtures("own_network")


def test_another_source_serves_where_the_first_fails(server, entry, data, tmp_path):
    import safetensors.torch

    twin = tmp_path / "twin.safetensors"
    safetensors.torch.save_file(dict(random_tensors(lins_layout(), 1)), twin)
    other = Source("twin.safetensors", (server.put("/twin", twin.read_bytes()),))
    entry(source_of(data, server.url("/nowhere")), other)
    (failure,) = failed_addresses(fetch(tmp_path / "home"))
    assert failure == (server.url("/nowhere"), "HTTP 404 Not Found")
    assert (downloads_folder(tmp_path / "home") / "twin.safetensors").is_file()


def test_drives_form_is_filled_in(server, entry, data, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module, "_DRIVE_HOSTS", ("127.0.0.1",))
    entry(unknown_source(server.put("/uc", data, form=True, cuts=[300_000, 0])))
    with pytest.raises(ModelError):
        fetch(tmp_path)
    assert not failed_addresses(fetch(tmp_path))
    assert server.asked[-1] == ("/uc", 300_000)
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data


def test_a_page_of_drives_without_a_form_is_refused(server, entry, data, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module, "_DRIVE_HOSTS", ("127.0.0.1",))
    entry(unknown_source(server.put("/uc", data, page="typed"), server.put("/good", data)))
    ((_, reason),) = failed_addresses(fetch(tmp_path))
    assert "Google Drive answers with a page" in reason


def test_a_form_of_another_host_is_not_filled_in(server, entry, data, tmp_path):
    entry(unknown_source(server.put("/uc", data, form=True), server.put("/good", data)))
    ((_, reason),) = failed_addresses(fetch(tmp_path))
    assert reason == "it answers with a web page, not the file"


def test_a_dead_address_costs_seconds_once(entry, server, data, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    dead = [f"http://127.0.0.1:{port}/{name}" for name in "ab"]
    entry(source_of(data, *dead, server.put("/good", data)))
    failures = failed_addresses(fetch(tmp_path))
    assert [url for url, _ in failures] == dead
    assert "nobody answers" in failures[0][1]
    assert failures[1][1] == f"nobody answered at 127.0.0.1:{port} before"


def test_a_silent_address_is_given_up(entry, server, data, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module, "_READ_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the call, and says nothing
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/a"
        entry(source_of(data, address, server.put("/good", data)))
        ((url, _),) = failed_addresses(fetch(tmp_path))
    assert url == address


def test_proxies_of_the_environment_are_used(server, entry, data, tmp_path, monkeypatch):
    server.put("/a", data)
    monkeypatch.setenv("HTTP_PROXY", server.url(""))
    monkeypatch.setenv("NO_PROXY", "")
    entry(source_of(data, "http://weights.invalid/a"))
    fetch(tmp_path)
    assert server.asked == [("/a", None)]


def test_the_hubs_address_follows_the_environment(server, entry, data, tmp_path, monkeypatch):
    server.put("/mirror/some/model/resolve/main/a", data)
    monkeypatch.setenv("HF_ENDPOINT", server.url("/mirror/"))
    entry(source_of(data, "https://huggingface.co/some/model/resolve/main/a"))
    fetch(tmp_path)
    assert server.asked == [("/mirror/some/model/resolve/main/a", None)]


def test_offline_nobody_is_asked(server, entry, data, tmp_path, monkeypatch):
    entry(source_of(data, server.put("/a", data)))
    with pytest.raises(ModelError) as caught:
        fetch(tmp_path, offline=True)
    message = str(caught.value)
    assert server.url("/a") in message
    assert str(downloads_folder(tmp_path)) in message
    assert "\n" not in message
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="the network is not asked"):
        fetch(tmp_path)
    # what the message advises
    (downloads_folder(tmp_path) / FILE).write_bytes(data)
    assert isinstance(fetch(tmp_path, offline=True)[-1], Imported)
    assert not server.asked
