"""Composites: what every effect must keep, and what each must do to a picture."""

import numpy as np
import pytest
import torch

import media_factory as make
from soundini.errors import MediaError
from soundini.training.composites.crops import CompositeCrops, CompositeShares
from soundini.training.composites.effects import EFFECTS
from soundini.training.composites.regions import draw_region, matte_of
from soundini.training.composites.scene import Photographs, Scene
from soundini.training.images import LabelledImages

SIZE = 48
TINTS = {
    "fire": (1, 0.5, 0.1),
    "generic": (0.5, 0.5, 0.5),
    "sea": (0.2, 0.6, 0.8),
    "snow": (0.9, 0.95, 1),
    "storm": (0.3, 0.2, 0.5),
    "clouds": (0.7, 0.7, 0.8),
    "underwater": (0, 0.3, 0.9),
    "waterfall": (0.4, 0.7, 0.6),
}


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("composites")
    make.write_pictures(folder, TINTS, 40, "{}.png")
    return Photographs(LabelledImages(folder))


def plain(seed=0):
    """Grey blocks under a little noise."""
    rng = np.random.default_rng(seed)
    blocks = np.kron(rng.uniform(0.25, 0.75, (6, 6, 3)), np.ones((8, 8, 1)))
    return (blocks + rng.normal(0, 0.02, blocks.shape)).clip(0, 1).astype(np.float32)


def drawn(effect, photographs, amount=1.0, matte=None, seed=0):
    matte = np.ones((SIZE, SIZE), np.float32) if matte is None else matte
    rng = np.random.default_rng(seed)
    return np.clip(EFFECTS[effect](Scene(plain(seed), matte, amount, photographs, rng)), 0, 1)


def mean_of(effect, photographs, what, amount=1.0, draws=12):
    return np.mean(
        [what(drawn(effect, photographs, amount, seed=s), plain(s)) for s in range(draws)]
    )


def change(after, before):
    return np.abs(after - before).mean()


@pytest.mark.parametrize("effect", EFFECTS)
def test_nothing_changes_outside_the_region(effect, photographs):
    matte = np.zeros((SIZE, SIZE), np.float32)
    matte[10:40, 12:44] = 1
    for seed in range(4):
        after = drawn(effect, photographs, matte=matte, seed=seed)
        outside = matte == 0
        assert np.abs(after - plain(seed))[outside].max() < 1e-5
        assert change(after[~outside], plain(seed)[~outside]) > 0.01


@pytest.mark.parametrize("effect", EFFECTS)
def test_a_larger_amount_changes_more(effect, photographs):
    little, half, whole = (mean_of(effect, photographs, change, a) for a in (0.1, 0.5, 1.0))
    assert little < half < whole
    assert little < 0.6 * whole


@pytest.mark.parametrize("effect", EFFECTS)
def test_the_same_draw_gives_the_same_picture(effect, photographs):
    assert np.array_equal(drawn(effect, photographs), drawn(effect, photographs))
    assert not np.array_equal(drawn(effect, photographs), drawn(effect, photographs, seed=1))


@pytest.mark.parametrize(
    ("effect", "channel", "sign"),
    [("fire", 0, 1), ("explosion", 0, 1), ("underwater", 0, -1), ("thunderstorm", 0, -1)],
)
def test_effects_have_their_colours(effect, channel, sign, photographs):
    """Against blue, fire is redder than the scene; deep water and a storm are less red."""
    assert sign * mean_of(effect, photographs, lambda a, b: _red(a) - _red(b)) > 0.02


def _red(picture):
    return float(picture[..., 0].mean() - picture[..., 2].mean())


def test_snow_brightens_and_a_storm_darkens(photographs):
    for effect, sign in (("snow_wind", 1), ("thunderstorm", -1)):
        assert sign * mean_of(effect, photographs, lambda a, b: a.mean() - b.mean()) > 0.05


def test_small_flames_stay_low(photographs):
    """A small amount of fire changes the region's foot, not its top."""
    top, foot = slice(0, SIZE // 3), slice(2 * SIZE // 3, SIZE)

    def low(after, before):
        return change(after[foot], before[foot]) - change(after[top], before[top])

    assert mean_of("fire", photographs, low, amount=0.25) > 0.05


@pytest.mark.parametrize("effect", ["rain", "snow_wind", "underwater", "thunderstorm"])
def test_the_scene_shows_through(effect, photographs):
    """Blocks of the scene stay where they are: high-pass luminance of before and after goes together."""

    def kept(after, before):
        a, b = (_detail(x) for x in (after, before))
        return np.corrcoef(a.ravel(), b.ravel())[0, 1]

    assert mean_of(effect, photographs, kept) > 0.35


def _detail(picture):
    grey = picture.mean(-1)
    return grey - np.asarray(torch.nn.functional.avg_pool2d(torch.tensor(grey)[None], 9, 1, 4)[0])


def test_a_region_fades_inside_itself():
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(60):
        region = draw_region(SIZE, rng)
        matte = matte_of(region, rng)
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
