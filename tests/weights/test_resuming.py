"""Downloads that go on: a part belongs to one address and one expected file."""

import pytest

from soundini.errors import ModelError
from soundini.weights import download as download_module
from soundini.weights.fetching import plan_fetch
from soundini.weights.store import downloads_folder

from .conftest import FILE, NAME, failed_addresses, fetch, parts_in, source_of, unknown_source

pytest.importorskip("httpx")
pytestmark = pytest.mark.usefixtures("own_network")


@pytest.mark.parametrize("ranges", [True, False])
def test_a_cut_connection_is_resumed(server, entry, data, tmp_path, ranges):
    entry(source_of(data, server.put("/a", data, cuts=[400_000], ranges=ranges)))
    assert not failed_addresses(fetch(tmp_path))
    assert server.asked == [("/a", None), ("/a", 400_000)]


def test_a_later_run_goes_on_where_the_last_one_ended(server, entry, data, tmp_path):
    entry(source_of(data, server.put("/a", data, cuts=[300_000, 10])))
    with pytest.raises(ModelError, match="lpips_vgg_lins cannot be downloaded"):
        fetch(tmp_path)
    assert [p.stat().st_size for p in parts_in(tmp_path)] == [300_010]
    assert plan_fetch([NAME], tmp_path).download_bytes == len(data) - 300_010
    assert not failed_addresses(fetch(tmp_path))
    assert server.asked[-1] == ("/a", 300_010)


def test_a_part_belongs_to_one_address(server, entry, data, tmp_path):
    other = bytes(reversed(data))
    first = server.put("/first", other, cuts=[300_000, 0], sized=True)
    entry(source_of(data, first, server.put("/second", data)))
    failures = failed_addresses(fetch(tmp_path))
    assert [url for url, _ in failures] == [first]
    assert server.asked[-1] == ("/second", None)  # from its beginning
    assert not parts_in(tmp_path)


def test_a_part_belongs_to_one_expected_file(server, entry, data, tmp_path):
    url = server.put("/a", data, cuts=[300_000, 0])
    entry(unknown_source(url))
    with pytest.raises(ModelError):
        fetch(tmp_path)
    entry(source_of(data, url))
    fetch(tmp_path)
    assert server.asked[-1] == ("/a", None)


@pytest.mark.parametrize("minds", [True, False])
def test_a_file_that_changed_meanwhile_is_begun_anew(server, entry, data, tmp_path, minds):
    before = bytes(reversed(data))
    entry(unknown_source(server.put("/a", before, cuts=[300_000, 0], tag='"1"')))
    with pytest.raises(ModelError):
        fetch(tmp_path)
    server.put("/a", data, tag='"2"', minds_tag=minds)
    fetch(tmp_path)
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data


def test_a_part_that_is_whole_already_is_taken(server, entry, data, tmp_path):
    made = source_of(data, server.put("/a", data))
    entry(made)
    part = download_module.part_file(downloads_folder(tmp_path), made, made.urls[0])
    part.parent.mkdir()
    part.write_bytes(data)
    fetch(tmp_path)
    assert server.asked == [("/a", len(data))]


def test_a_part_that_is_too_long_is_thrown_away(server, entry, data, tmp_path):
    made = source_of(data, server.put("/a", data))
    entry(made)
    part = download_module.part_file(downloads_folder(tmp_path), made, made.urls[0])
    part.parent.mkdir()
    part.write_bytes(data + b"more")
    fetch(tmp_path)
    assert [first for _, first in server.asked] == [len(data) + 4, None]
