"""Composites: crops that the prior is trained on."""

import numpy as np
import pytest
import torch

import media_factory as make
from soundini.effects.matte import matte_of
from soundini.effects.registry import EFFECTS
from soundini.errors import MediaError
from soundini.training.composites.crops import CompositeCrops, CompositeShares
from soundini.training.composites.material import Photographs, draw_region
from soundini.training.images import LabelledImages
from training_runs import coloured_photographs

SIZE = 48


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    return coloured_photographs(tmp_path_factory.mktemp("composites"))


def test_a_region_fades_inside_itself():
    rng = np.random.default_rng(0)
    shares = []
    for seed in range(60):
        region = draw_region(SIZE, rng)
        matte = matte_of(region, seed)
        assert region.shape == matte.shape == (SIZE, SIZE)
        assert matte[region == 0].max(initial=0) == 0
        assert (matte <= np.clip(1.5 * region, 0, 1) + 1e-6).all()
        shares.append(region.mean())
    assert 0.15 < np.mean(np.array(shares) == 1) < 0.6
    assert min(shares) < 0.35


def directions():
    names = [*EFFECTS, "none"]
    return dict(zip(names, torch.eye(len(names)), strict=True))


def test_a_batch_says_what_it_shows(photographs):
    """Silent crops are their source; the condition is as long as the amount; withheld sources are grey."""
    shares = CompositeShares(silent=0.3, withheld=0.3, two=0.0, noise=0.0)
    batch = CompositeCrops(photographs, shares, directions()).batch(
        80, 32, np.random.default_rng(0)
    )
    assert batch.target.shape == (80, 3, 32, 32)
    assert batch.seen.shape == (80, 4, 32, 32)
    lengths = batch.condition.norm(dim=1)
    withheld = (batch.seen[:, :3] == 0).flatten(1).all(1)
    assert 10 < int(withheld.sum()) < 40
    assert bool((batch.seen[withheld, 3] == 1).all())
    silent = (lengths == 0) & ~withheld
    assert int(silent.sum()) > 10
    assert torch.equal(batch.target[silent], batch.seen[silent, :3])
    loud = ~withheld & (lengths == 1) & torch.tensor([k != "none" for k in batch.kinds])
    assert int(loud.sum()) > 5
    assert bool(((batch.target - batch.seen[:, :3]).abs().mean((1, 2, 3))[loud] > 0.005).all())


def test_two_effects_share_a_condition(photographs):
    shares = CompositeShares(
        effects={"rain": 0.5, "fire": 0.5}, silent=0, withheld=0, two=1.0, noise=0
    )
    batch = CompositeCrops(photographs, shares, directions()).batch(
        16, 32, np.random.default_rng(0)
    )
    both = [i for i, c in enumerate(batch.condition) if (c > 0).sum() == 2]
    assert len(both) > 3


def test_effects_are_rendered_where_no_photograph_shows_them(tmp_path):
    make.write_pictures(tmp_path, {"generic": (0.5, 0.5, 0.5)}, 12, "{}.png")
    crops = CompositeCrops(Photographs(LabelledImages(tmp_path)), CompositeShares(), directions())
    assert set(crops.effects) == {*EFFECTS, "none"}
    for effect in EFFECTS:
        made = crops.composite(effect, 1.0, 48, np.random.default_rng(0), whole=True)
        assert np.abs(made.target - made.source).mean() > 0.03, effect


def test_no_scene_is_refused(tmp_path):
    make.write_pictures(tmp_path, {"fire": (1, 0.5, 0)}, 12, "{}.png")
    with pytest.raises(MediaError, match="no photograph to draw effects into"):
        CompositeCrops(Photographs(LabelledImages(tmp_path)))
