import numpy as np
import pytest
import torch
from PIL import Image

from soundini.training.images import LabelledImages
from soundini.training.looks import LOOKS, choose_look
from soundini.training.weather import greyed, lightning_over, other_water, rain_over


def chance(seed=0):
    return np.random.default_rng(seed)


def edges(picture, along):
    """Mean absolute difference of neighbours along a direction."""
    return float(picture.diff(dim=along).abs().mean())


@pytest.mark.parametrize("size", [64, 224])
@pytest.mark.parametrize("paint", [rain_over, lightning_over, other_water])
def test_a_painted_picture_is_a_picture_and_follows_its_draws(paint, size):
    picture = torch.rand(3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    given = picture.clone()
    drawn = paint(picture, chance(3))
    assert drawn.shape == picture.shape
    assert drawn.dtype == picture.dtype
    assert drawn.min() >= -1
    assert drawn.max() <= 1
    assert torch.equal(paint(picture, chance(3)), drawn)
    assert not torch.equal(paint(picture, chance(4)), drawn)
    assert torch.equal(picture, given)


@pytest.mark.parametrize("size", [64, 160])
def test_rain_falls_in_streaks_from_above(size):
    plain = torch.full((3, size, size), 0.2)
    for seed in range(8):
        rain = rain_over(plain, chance(seed))
        assert edges(rain, -1) > 1.3 * edges(rain, -2)


def test_lightning_is_a_thin_white_line_in_a_dark_picture():
    plain = torch.full((3, 96, 96), 0.5)
    for seed in range(8):
        storm = lightning_over(plain, chance(seed))
        bright = (storm.mean(0) > 0.9).float()
        assert 0.001 < bright.mean() < 0.15
        assert storm.median() < 0.2
        assert bright.any(1).float().mean() > 0.25


def test_greying_takes_the_colour_and_leaves_the_light():
    red = torch.tensor([1.0, -1.0, -1.0]).view(3, 1, 1).expand(3, 4, 4)
    assert torch.allclose(greyed(red, 0.0), red)
    grey = greyed(red, 1.0)
    assert torch.allclose(grey[0], grey[1])
    assert torch.allclose(grey[1], grey[2])
    assert torch.allclose(grey[0], torch.tensor(0.299 - 0.587 - 0.114))


def test_green_water_turns_blue_and_keeps_its_red():
    green = torch.tensor([-0.5, 0.6, -0.2]).view(3, 1, 1).expand(3, 4, 4)
    water = other_water(green, chance())
    assert (water[2] > water[1]).all()
    assert torch.equal(water[0], green[0])


def test_looks_are_given_in_their_shares():
    rng = chance()
    drawn = [choose_look("storm", rng) for _ in range(4000)]
    for look in LOOKS["storm"]:
        share = sum(each is look for each in drawn) / len(drawn)
        assert share == pytest.approx(look.share, abs=0.03)
    assert choose_look("fire", rng) is None
    assert all(sum(look.share for look in looks) <= 1 for looks in LOOKS.values())


def test_rain_is_rendered_over_other_pictures_only_when_asked(tmp_path):
    rows = ["path,label,source,group"]
    for number in range(40):
        label, tint = ("rain", (1, 0, 0)) if number % 2 else ("generic", (0, 1, 0))
        noise = chance(number).integers(100, 256, (48, 48, 1)) * np.array(tint)
        Image.fromarray(noise.astype(np.uint8)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,{label},{label},{number}")
    (tmp_path / "images.csv").write_text("\n".join(rows) + "\n")

    def red(looks):
        images = LabelledImages(tmp_path, looks=looks)
        crops, labels = images.crops(60, 32, {"rain": 1.0}, chance(), min_crop=32)
        assert set(labels) == {"rain"}
        return float((crops[:, 0].mean((1, 2)) > crops[:, 1].mean((1, 2))).float().mean())

    assert red(looks=False) == 1
    assert 0.4 < red(looks=True) < 0.9
