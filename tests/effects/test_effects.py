"""Rendered effects: what each must do to a picture, what it must keep, and how it moves."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from soundini.effects.registry import EFFECTS
from soundini.effects.scene import Moment, Scene
from soundini.effects.water import rendered_stream, rendered_waves
from training_runs import coloured_photographs

SIZE = 48


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    return coloured_photographs(tmp_path_factory.mktemp("composites"))


def plain(seed=0):
    """Grey blocks under a little noise."""
    rng = np.random.default_rng(seed)
    blocks = np.kron(rng.uniform(0.25, 0.75, (6, 6, 3)), np.ones((8, 8, 1)))
    return (blocks + rng.normal(0, 0.02, blocks.shape)).clip(0, 1).astype(np.float32)


def drawn(effect, photographs, amount=1.0, matte=None, seed=0):
    matte = np.ones((SIZE, SIZE), np.float32) if matte is None else matte
    scene = Scene(plain(seed), matte, amount, seed, photographs=photographs)
    return np.clip(EFFECTS[effect](scene), 0, 1)


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


def at(effect, moment, amount=1.0, size=(64, 64)):
    """An effect on grey, rendered wholly."""
    grey = np.full((*size, 3), 0.4, np.float32)
    scene = Scene(grey, np.ones(size, np.float32), amount, 5, moment)
    return np.clip(EFFECTS[effect](scene), 0, 1)


@pytest.mark.parametrize("effect", EFFECTS)
def test_every_effect_is_rendered_without_photographs(effect):
    assert change(at(effect, Moment()), 0.4) > 0.03


@pytest.mark.parametrize("effect", EFFECTS)
def test_neighbouring_moments_are_alike(effect):
    """A frame later most of the picture is nearly what it was; seconds later it is not."""
    here, next_, later = (
        at(effect, Moment(time=t, moved=(0.0, 0.0), age=t)) for t in (1.0, 1.04, 3.0)
    )
    assert change(here, next_) < 0.5 * max(change(here, later), 0.02)


@pytest.mark.parametrize(("effect", "moved"), [("rain", (0, 7)), ("snow_wind", (3, 4))])
def test_particles_move_as_they_are_told(effect, moved):
    """What moves fits better where it is displaced by the movement than where it was."""
    seen = [
        at(effect, Moment(moved=(k * moved[0], k * moved[1]), heading=moved)).mean(-1)
        for k in range(5)
    ]
    before, after = (picture - np.mean(seen, 0) for picture in seen[1:3])
    shifted = np.roll(before, moved[::-1], (0, 1))
    inner = (slice(10, -10),) * 2
    fits, stays = (
        np.corrcoef(after[inner].ravel(), b[inner].ravel())[0, 1] for b in (shifted, before)
    )
    assert fits > stays + 0.2


def test_fewer_drops_are_the_first_of_more():
    """A little more rain adds drops; it does not move those that are there."""
    little, more = (at("rain", Moment(heading=(0, 1)), amount) for amount in (0.6, 0.63))
    assert np.corrcoef(little.mean(-1).ravel(), more.mean(-1).ravel())[0, 1] > 0.8


def test_a_bolt_fades_after_it_struck_and_another_strike_is_elsewhere():
    struck, faded, other = (
        at("thunderstorm", Moment(age=age, strike=strike)).max(-1)
        for age, strike in ((0.0, 3), (2.0, 3), (0.0, 9))
    )
    bright = struck > 0.9
    assert bright.sum() > 10
    assert faded[bright].mean() < 0.8 * struck[bright].mean()
    assert other[bright].mean() < 0.8 * struck[bright].mean()


def test_the_smoke_of_a_burst_grows():
    small, large = ((at("explosion", Moment(age=age)).max(-1) < 0.3).mean() for age in (0.5, 2.0))
    assert large > 1.2 * small


def test_a_burst_begins_with_a_flash_and_cools():
    flash, fire, smoke = (at("explosion", Moment(age=age)) for age in (0.0, 0.4, 2.0))
    assert flash.max(-1).max() > 0.99
    assert flash.min(-1).max() > 0.9  # white
    assert 0.3 < fire.min(-1).max() < 0.9
    assert smoke.max() < fire.max()


def test_snow_keeps_fine_detail(photographs):
    """Of a picture drawn at four times the size: snow lies on every edge and does not blur it."""
    fine = np.kron(np.indices((64, 64)).sum(0) % 2, np.ones((3, 3)))[:128, :128, None]
    picture = (0.5 + 0.2 * np.repeat(fine, 3, 2)).astype(np.float32)
    snowy = EFFECTS["snow_wind"](Scene(picture, np.ones((128, 128), np.float32), 1.0, 0, scale=4))
    kept = np.corrcoef(snowy.mean(-1).ravel(), picture.mean(-1).ravel())[0, 1]
    assert kept > 0.3


def test_water_falls_only_where_it_runs_down():
    """Threads of a fall are long downwards: its rows are more alike than its columns."""

    def longer_down(heading):
        light = at("river", Moment(heading=heading)).mean(-1)
        return np.abs(np.diff(light, axis=1)).mean() / np.abs(np.diff(light, axis=0)).mean()

    assert longer_down((0.0, 0.5)) > 1.2 > 1 > longer_down((0.5, 0.0))


@pytest.mark.parametrize("water", [rendered_waves, rendered_stream])
def test_water_mirrors_what_lies_above_it(water):
    matte = np.zeros((64, 96), np.float32)
    matte[40:] = 1
    red, blue = (np.full((64, 96, 3), 0.3, np.float32) for _ in range(2))
    red[:40, :, 0], blue[:40, :, 2] = 0.9, 0.9
    seen = [water(Scene(picture, matte, 1.0, 0))[40:] for picture in (red, blue)]
    redder, greener, bluer = (seen[0] - seen[1]).mean((0, 1))
    assert redder > 0.02
    assert bluer < -0.02
    assert abs(greener) < 0.005


def test_a_low_region_has_rapids_and_a_high_one_a_cascade():
    """A cascade is streaked from top to bottom, rapids from side to side."""
    down = Moment(heading=(0.0, 1.0))
    for rows, streaked_down in ((96, True), (40, False)):
        matte = np.zeros((96, 96), np.float32)
        matte[96 - rows :] = 1
        scene = Scene(np.full((96, 96, 3), 0.4, np.float32), matte, 1.0, 3, down)
        seen = rendered_stream(scene)[96 - rows :].mean(-1)
        along, across = np.abs(np.diff(seen, axis=0)).mean(), np.abs(np.diff(seen, axis=1)).mean()
        assert (along < across) == streaked_down


def test_less_variety_keeps_looks_near_the_middle():
    grey = np.full((32, 32, 3), 0.5, np.float32)
    tones = {}
    for variety in (0.1, 1.0):
        scene = Scene(grey, np.ones((32, 32), np.float32), 1.0, 0, variety=variety)
        each = [EFFECTS["underwater"](replace(scene, seed=s)).mean((0, 1)) for s in range(12)]
        tones[variety] = np.std(each, 0).mean()
    assert tones[0.1] < 0.5 * tones[1.0]
