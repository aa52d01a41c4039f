"""``soundini weights fetch`` against a mirror of small stand-ins, and an edit with what it brought: the whole way."""

import hashlib
import json
import socket
import sys
from dataclasses import replace

import pytest
import torch

import paper_factory
from soundini.packs import paper
from soundini.packs.loading import load_senses
from soundini.weights import registry
from soundini.weights.formats import vipant_format
from soundini.weights.published import Source
from soundini.weights.writing import random_tensors
from weights_mirror import running

from .conftest import assert_refused

pytest.importorskip("open_clip")
pytest.importorskip("httpx")

FEW = ("sampling.steps=1", "guidance.augment.views=2", "region.size=32")
SMALL = tuple(word for setting in FEW for word in ("--set", setting))


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """Small files with the registry's names; VIP-ANT's within its tuple."""
    folder = paper_factory.write_published(tmp_path_factory.mktemp("mirror"))
    tower = dict(random_tensors(vipant_format(64, 1).layout()))
    torch.save({"model": ({}, tower, {}, {})}, folder / "00004140.pth")
    return folder


@pytest.fixture
def dead():
    """An address where nobody answers."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


@pytest.fixture
def mirror(published, dead, monkeypatch):
    """A server; the registry names a dead address before it for each file, and has no other for Swin."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with running() as server:

        def sources(entry):
            for source in entry.sources:
                file, urls = published / source.file, [f"{dead}/{source.file}"]
                known = {}
                if file.is_file():
                    data = file.read_bytes()
                    urls.append(server.put(f"/{source.file}", data))
                    known = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
                yield Source(source.file, tuple(urls), licence=source.licence, **known)

        entries = tuple(replace(e, sources=tuple(sources(e)), numbers=1) for e in registry.ENTRIES)
        monkeypatch.setattr(registry, "ENTRIES", entries)
        paper_factory.accept_tiny(monkeypatch)
        monkeypatch.setattr(paper, "_RAFT_ITERATIONS", 1)
        yield server


def test_from_nothing_to_an_edit(run, edit, mirror, dead, home, out, monkeypatch):
    assert_refused(edit("--models", "paper-256"), "soundini weights fetch guided_256_uncond")
    unet = mirror.files["/256x256_diffusion_uncond.pt"]
    unet.cuts = [len(unet.data) // 2, 10]  # cut twice: the second time nothing came
    code, said, err = run("weights", "fetch", "paper-256", "--yes")
    assert code == 2
    assert err.splitlines()[-1].startswith(
        "soundini: error: guided_256_uncond cannot be downloaded; get "
    )
    # what each is and what its licence asks is said before
    before = said[: said.index("to download: ")]
    for entry in registry.ENTRIES:
        if "paper-256" in entry.packs:
            assert entry.name in before
            assert entry.licence in before
            assert entry.restriction in before
    assert "else vipant_audio" in before
    assert "licence: none stated" in before
    assert "forbids commercial use" in before  # of the last resort but one
    # a dead address is named, and costs nothing the second time
    assert f"{dead}/ViT-B-32.pt: nobody answered" in err
    # the rest is here, with VIP-ANT in Swin's place
    assert "vipant_audio, " in said
    code, said, err = run("weights", "fetch", "paper-256", "--yes")
    assert code == 0
    assert mirror.asked[-1] == ("/256x256_diffusion_uncond.pt", len(unet.data) // 2 + 10)
    assert "next: soundini edit" in said
    count = len(mirror.asked)
    code, said, err = run("weights", "fetch", "paper-256")  # nothing to ask
    assert (code, err, len(mirror.asked)) == (0, "", count)
    assert "to download: 0.0 kB" in said

    code, said, err = edit("--models", "paper-256", *SMALL)
    assert (code, err) == (0, "")
    record = json.loads(out.with_suffix(".recipe.json").read_text())
    assert record["models"]["sound_encoder"] == "vipant_audio"
    assert set(record["models"]["sha256"]) == {*paper_factory.SIX, "vipant_audio"} - {
        "resnet18_audio"
    }
    monkeypatch.setattr("soundini.cli.doctor._speed", lambda _pack: None)  # timed in test_doctor
    assert "vipant_audio" in run("doctor", "--models", "paper-256")[1]


@pytest.mark.long
def test_a_sound_encoder_is_chosen(run, edit, mirror, home, out):
    code, said, _ = run(
        "weights", "fetch", "paper-512-uncond", "--yes", "--sound-encoder", "resnet18_audio"
    )
    assert code == 0
    assert "vipant_audio" not in said
    models = ("--models", "paper-512-uncond", *SMALL)
    other = ("--set", "joint.sound_encoder=vipant_audio")
    assert_refused(edit(*models, *other), "soundini weights fetch vipant_audio")
    assert (
        run("weights", "fetch", "vipant_audio", "secondary", "--yes")[0] == 2
    )  # no secondary here
    heard = {"auto": "vipant_audio", "resnet18_audio": "resnet18_audio"}
    for asked, name in heard.items():
        assert load_senses("paper-512-uncond", sound_encoder=asked).sound_encoder == name
    code, said, _ = edit(*models, *other, "--dry-run", "--set", "sampling.steps=1")
    assert code == 0
    assert "hears with vipant_audio" in said
    assert_refused(edit(*models, "--set", "guidance.gradient=secondary"), "weights fetch secondary")
    assert not out.exists()


def test_other_models_have_no_sound_encoder_to_choose(edit):
    setting = ("--set", "joint.sound_encoder=vipant_audio")
    assert_refused(edit(*setting), "hear with an encoder of their own", "joint.sound_encoder=auto")


def test_nothing_is_fetched_without_agreement(run, mirror, home, monkeypatch):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "n")
    code, said, _ = run("weights", "fetch", "lpips_vgg_lins")
    assert (code, mirror.asked) == (1, [])
    assert "nothing was fetched" in said
    monkeypatch.setattr("builtins.input", lambda _: "y")
    assert run("weights", "fetch", "lpips_vgg_lins")[0] == 0


def test_a_disk_that_is_too_small_is_told_before(run, mirror, home, monkeypatch):
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(1000, 999, 1))
    assert_refused(run("weights", "fetch", "paper-256", "--yes"), "SOUNDINI_HOME")
    assert mirror.asked == []
