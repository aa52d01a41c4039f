import hashlib
import math
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from soundini.errors import ModelError
from soundini.weights import registry, store
from soundini.weights.formats import FORMATS, find_format
from soundini.weights.registry import ENTRIES, find_entry
from soundini.weights.store import downloads_folder, fetch, home_folder, models_folder, where

pytest.importorskip("pooch")

DATA = bytes(range(256)) * 8192
DIGEST = hashlib.sha256(DATA).hexdigest()


class _Server(ThreadingHTTPServer):
    """Serves DATA; may cut the first answer short, and may not know ranges."""

    cut = None
    ranges = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = []
        self.url = f"http://127.0.0.1:{self.server_port}/weights.pt"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        first = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        partial = first > 0 and self.server.ranges
        body = DATA[first:] if partial else DATA
        if partial and not body:
            self.send_response(416)
            self.end_headers()
            return
        self.send_response(206 if partial else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut, self.server.cut = self.server.cut, None
        self.wfile.write(body[:cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with _Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def entry(server, monkeypatch):
    """An entry of the registry whose address is ours."""
    made = replace(find_entry("vgg16"), urls=(server.url,), sha256=DIGEST, sha256_prefix=None)
    monkeypatch.setattr(registry, "ENTRIES", (made,))
    return made


def test_fetch_checks_and_keeps(server, entry, tmp_path):
    path = fetch("vgg16", tmp_path)
    assert path == downloads_folder(tmp_path) / entry.file
    assert path.read_bytes() == DATA
    assert fetch("vgg16", tmp_path) == path
    assert len(server.asked) == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_fetch_goes_on_where_it_was_cut(server, entry, tmp_path, ranges):
    server.cut, server.ranges = 1_500_000, ranges
    with pytest.raises(ModelError, match="cannot download vgg16"):
        fetch("vgg16", tmp_path)
    assert not (downloads_folder(tmp_path) / entry.file).exists()
    assert fetch("vgg16", tmp_path).read_bytes() == DATA
    assert server.asked[1].startswith("bytes=")
    assert int(server.asked[1].removeprefix("bytes=").rstrip("-")) > 0


def test_a_part_that_is_whole_already_is_taken(server, entry, tmp_path):
    part = downloads_folder(tmp_path) / f"{entry.file}.part"
    part.parent.mkdir()
    part.write_bytes(DATA)
    assert fetch("vgg16", tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("field", ["sha256", "sha256_prefix"])
def test_a_wrong_hash_is_refused(server, entry, tmp_path, monkeypatch, field):
    wrong = replace(entry, **{"sha256": None, field: "0" * 8})
    monkeypatch.setattr(registry, "ENTRIES", (wrong,))
    with pytest.raises(ModelError, match="cannot download vgg16"):
        fetch("vgg16", tmp_path)
    assert not (downloads_folder(tmp_path) / entry.file).exists()


def test_progress_is_drawn_on_request(server, entry, tmp_path, capsys):
    fetch("vgg16", tmp_path, progress=True)
    assert "2 of 2 MB" in capsys.readouterr().err


def test_offline_the_error_names_address_hash_and_folder(entry, tmp_path, monkeypatch):
    unreachable = replace(entry, urls=("http://127.0.0.1:9/weights.pt",))
    monkeypatch.setattr(registry, "ENTRIES", (unreachable,))
    with pytest.raises(ModelError) as caught:
        fetch("vgg16", tmp_path)
    message = str(caught.value)
    assert "http://127.0.0.1:9/weights.pt" in message
    assert DIGEST in message
    assert str(downloads_folder(tmp_path)) in message
    assert "\n" not in message


def test_without_pooch_the_error_says_what_to_install(entry, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ModelError, match=r"pip install 'soundini\[paper\]'$"):
        fetch("vgg16", tmp_path)


def test_weights_without_an_address_say_so(tmp_path):
    with pytest.raises(ModelError, match="swin_audio has no public address"):
        fetch("swin_audio", tmp_path)
    with pytest.raises(ModelError, match="no weights 'teapot'"):
        fetch("teapot", tmp_path)


def test_where_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SOUNDINI_HOME", str(tmp_path / "a"))
    assert where().models == models_folder() == tmp_path / "a" / "models"
    assert home_folder(tmp_path / "b") == tmp_path / "b"
    monkeypatch.delenv("SOUNDINI_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert home_folder() == tmp_path / "soundini"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert store.home_folder() == tmp_path / ".cache" / "soundini"


def test_the_registry_and_the_formats_agree():
    assert {entry.name for entry in ENTRIES} == {known.name for known in FORMATS}
    for entry in ENTRIES:
        assert entry.sha256 is None or len(entry.sha256) == 64
        assert all(url.startswith("https://") for url in entry.urls)
        ends = (entry.file, "/?dl=1")  # a share's address has no file name
        assert all(url.endswith(ends) for url in entry.urls)
        assert entry.licence
        assert entry.purpose


def test_sizes_agree_with_the_layouts():
    told = [entry for entry in ENTRIES if entry.bytes]
    assert len(told) >= 5
    for entry in told:
        numbers = sum(math.prod(shape) for shape in find_format(entry.name).layout().values())
        if entry.name == "vgg16":
            numbers = 138_357_544  # with the classifier
        # CLIP is published in half precision; beside the numbers lie names and code
        width = 2 if entry.name.startswith("clip") else 4
        assert numbers * width < entry.bytes < 1.5 * numbers * width


def test_the_origin_of_weights_is_address_size_and_hash():
    assert find_entry("lpips_vgg_lins").origin.endswith(
        "/vgg.pth (7,289 bytes, sha256 a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868)"
    )
    assert find_entry("raft_large").origin.endswith("(sha256 22a6c225...)")
    assert find_entry("swin_audio").origin == "tpami_encoder40.pth (no published sha256)"
