"""The packs of the paper in tiny, and three frames to edit by them."""

import shutil

import pytest
import torch

import paper_factory
from soundini.editing.window import WindowInputs
from soundini.flow.dis import DISFlow
from soundini.flow.pairs import estimate_pairs
from soundini.packs import paper

SIZE = paper_factory.UNET.sample_size


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("paper")
    published = paper_factory.write_published(folder / "published")
    paper_factory.import_tiny(published, folder / "home")
    shutil.rmtree(published)  # as the page says one may
    return folder / "home"


@pytest.fixture
def paper_home(home, monkeypatch):
    """Where the packs of the paper are looked for; RAFT is refined once, which is enough to see."""
    monkeypatch.setenv("SOUNDINI_HOME", str(home))
    monkeypatch.setattr(paper, "_RAFT_ITERATIONS", 1)


@pytest.fixture(scope="module")
def packs(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "_RAFT_ITERATIONS", 1)
        return {n: paper.load_paper_pack(n, home=home) for n in paper.PAPER_PACKS}


@pytest.fixture
def inputs(packs):
    """Three frames, each with a sound of its own."""
    random = torch.Generator().manual_seed(0)
    source = torch.rand(3, 3, SIZE, SIZE, generator=random) * 2 - 1
    mask = torch.zeros(3, 1, SIZE, SIZE)
    mask[..., 4:28, 4:28] = 1
    waveform = torch.randn(44_100, generator=random) * torch.linspace(0.01, 0.3, 44_100)
    embeds = packs["paper-256"].joint.embed_sound(waveform, torch.tensor([0.1, 0.5, 0.9]))
    pairs = estimate_pairs(source, DISFlow())
    return WindowInputs((0, 1, 2), source, mask, embeds, torch.ones(3), pairs)
