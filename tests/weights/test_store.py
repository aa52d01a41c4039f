import math
from pathlib import Path

from soundini.weights import store
from soundini.weights.formats import FORMATS, find_format
from soundini.weights.published import PACKS
from soundini.weights.registry import ENTRIES, SOUND_ENCODERS, find_entry
from soundini.weights.store import home_folder, models_folder


def test_where_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SOUNDINI_HOME", str(tmp_path / "a"))
    assert models_folder() == tmp_path / "a" / "models"
    assert home_folder(tmp_path / "b") == tmp_path / "b"
    monkeypatch.delenv("SOUNDINI_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert home_folder() == tmp_path / "soundini"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert store.home_folder() == tmp_path / ".cache" / "soundini"


def test_the_registry_and_the_formats_agree():
    assert {entry.name for entry in ENTRIES} == {known.name for known in FORMATS}
    files = [source.file for entry in ENTRIES for source in entry.sources]
    assert len(files) == len(set(files))  # they lie in one folder
    for entry in ENTRIES:
        assert entry.licence
        assert entry.purpose
        assert set(entry.packs) <= set(PACKS)
        for source in entry.sources:
            assert source.sha256 is None or len(source.sha256) == 64
            assert source.git_blob is None or len(source.git_blob) == 40
            assert source.urls
            assert len(set(source.urls)) == len(source.urls)
            assert all(url.startswith("https://") for url in source.urls)


def test_every_pack_has_all_it_needs():
    for pack in PACKS:
        names = {entry.name for entry in ENTRIES if pack in entry.packs}
        assert len(names) == 6
        assert len(names & set(SOUND_ENCODERS)) == 1
        assert len([name for name in names if name.startswith("guided_")]) == 1


def test_what_forbids_commercial_use_or_says_nothing_is_noted():
    for entry in ENTRIES:
        licences = [entry.licence, *(source.licence or "" for source in entry.sources)]
        free = not any("NC" in text or "none" in text for text in licences)
        assert free == (not entry.restriction)


def test_sizes_agree_with_the_layouts():
    for entry in ENTRIES:
        numbers = sum(math.prod(shape) for shape in find_format(entry.name).layout().values())
        if entry.name == "vgg16":
            numbers = 138_357_544  # with the classifier
        assert entry.numbers == numbers
        # one copy of CLIP is published in half precision; beside the numbers lie names and code
        for source in entry.sources:
            if source.bytes is not None:
                width = 2 if source.file.startswith("ViT") else 4
                # VQGANs come with what they were trained by: a discriminator, and LPIPS with its trunk
                most = 3.5 if entry.name.startswith("vqgan") else 1.5
                assert numbers * width < source.bytes < most * numbers * width
                assert entry.least_bytes(source) == source.bytes
            else:
                assert entry.least_bytes(source) < 4 * numbers
        assert entry.expected_bytes >= 2 * numbers


def test_the_origin_of_weights_is_address_size_and_hash():
    assert find_entry("lpips_vgg_lins").origin.endswith(
        "/vgg.pth (7,289 bytes, sha256 a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868)"
    )
    assert find_entry("raft_large").origin.endswith("(sha256 22a6c225...)")
    assert find_entry("swin_audio").origin.endswith("ntL (no published sha256)")
    assert find_entry("resnet18_audio").origin.endswith(
        "(git blob b0f97555050d0637177be6c71ac7bcd3f002faf9)"
    )
