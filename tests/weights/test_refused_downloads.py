"""What arrives and is no checkpoint: web pages, other sizes, other hashes."""

import hashlib

import pytest

from soundini.weights.published import Source
from soundini.weights.store import downloads_folder

from .conftest import FILE, failed_addresses, fetch, source_of, unknown_source

pytest.importorskip("httpx")
pytestmark = pytest.mark.usefixtures("own_network")


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
    entry(source_of(data, bad, good) if published else unknown_source(bad, good))
    ((url, reason),) = failed_addresses(fetch(tmp_path))
    assert url == bad
    assert says in reason
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize("change", [1, -1])
def test_a_file_of_another_size_is_refused(server, entry, data, tmp_path, sized, change):
    other = (data + b"more")[: len(data) + change]
    bad = server.put("/bad", other, sized=sized)
    entry(source_of(data, bad, server.put("/good", data)))
    ((_, reason),) = failed_addresses(fetch(tmp_path))
    assert f"{len(data):,}" in reason


@pytest.mark.parametrize("field", ["sha256", "sha256_prefix", "git_blob"])
def test_a_file_of_another_hash_is_refused(server, entry, data, tmp_path, field):
    blob = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
    digest = hashlib.sha256(data).hexdigest()
    right = {"sha256": digest, "sha256_prefix": digest[:8], "git_blob": blob}[field]
    other = bytes(len(data))
    bad, good = server.put("/bad", other), server.put("/good", data)
    entry(Source(FILE, (bad, good), **{field: right}))
    ((_, reason),) = failed_addresses(fetch(tmp_path))
    assert right in reason
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data


def test_a_file_without_a_published_hash_must_be_of_the_layout(server, entry, data, tmp_path):
    entry(unknown_source(server.put("/bad", bytes(len(data))), server.put("/good", data)))
    ((_, reason),) = failed_addresses(fetch(tmp_path))
    assert "another file" in reason
