"""Weights that are fetched: checked, imported, once, into a disk that has room; and what a pack needs."""

import sys

import pytest

from soundini.errors import ModelError
from soundini.weights import registry
from soundini.weights.fetching import fetching, plan_fetch
from soundini.weights.importing import Imported
from soundini.weights.store import downloads_folder, models_folder

from .conftest import FILE, NAME, fetch, parts_in, source_of

pytest.importorskip("httpx")
pytestmark = pytest.mark.usefixtures("own_network")


def test_a_file_is_fetched_checked_and_imported(server, entry, data, tmp_path):
    entry(source_of(data, server.put("/a", data)))
    events = fetch(tmp_path)
    assert isinstance(events[-1], Imported)
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data
    assert (models_folder(tmp_path) / "lpips" / "lpips_vgg_lins.safetensors").is_file()
    assert not parts_in(tmp_path)
    assert fetch(tmp_path) == []
    assert server.asked == [("/a", None)]


def test_a_download_that_was_damaged_is_fetched_again(server, entry, data, tmp_path):
    entry(source_of(data, server.put("/a", data)))
    downloads_folder(tmp_path).mkdir()
    (downloads_folder(tmp_path) / FILE).write_bytes(bytes(len(data)))
    fetch(tmp_path)
    assert (downloads_folder(tmp_path) / FILE).read_bytes() == data


def test_two_at_once_are_refused(server, entry, data, tmp_path):
    entry(source_of(data, server.put("/a", data)))
    first = fetching(plan_fetch([NAME], tmp_path))
    next(first)
    with pytest.raises(ModelError, match="another soundini weights fetch"):
        fetch(tmp_path)
    first.close()
    fetch(tmp_path)


def test_a_full_disk_is_told(server, entry, data, tmp_path, monkeypatch):
    entry(source_of(data, server.put("/a", data)))
    plan = plan_fetch([NAME], tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.open", full)
    with pytest.raises(ModelError, match="No space left on device; free space there"):
        list(fetching(plan))


def test_without_httpx_the_error_says_what_to_install(entry, data, tmp_path, monkeypatch):
    entry(source_of(data, "http://127.0.0.1:9/a"))
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(ModelError, match=r"pip install 'soundini\[paper\]'$"):
        fetch(tmp_path)


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
