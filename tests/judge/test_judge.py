import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from soundini.errors import MaskError, ModelError
from soundini.geometry import Box, to_model
from soundini.judge import Judge
from soundini.judge.features import SIZE
from soundini.judge.region import bounding_square
from soundini.training.classes import CLASSES


@pytest.fixture(scope="module")
def judge():
    return Judge.from_package()


def pictures(count, height, width, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def test_the_shipped_judge_knows_the_classes_of_the_data(judge):
    assert judge.classes == CLASSES
    assert judge.weight.shape == (len(CLASSES), 2272)


@pytest.mark.parametrize("size", [(SIZE, SIZE), (64, 96), (300, 200)])
def test_it_gives_probabilities_for_pictures_of_any_size(judge, size):
    frames = to_model(pictures(3, *size), Box(0, 0, size[1], size[0]), size)
    probabilities = judge(frames)
    assert probabilities.shape == (3, len(CLASSES))
    torch.testing.assert_close(probabilities.sum(1), torch.ones(3))
    torch.testing.assert_close(judge(frames[1:2])[0], probabilities[1], atol=1e-4, rtol=1e-3)


def test_a_region_is_judged_by_its_square_alone(judge):
    frames = pictures(2, 120, 160)
    masks = np.zeros((2, 120, 160), np.float32)
    masks[0, 20:60, 30:100] = 1
    masks[1, 50:90, 40:80] = 0.5
    seen = judge.region(frames, masks)
    squares = Box(30, 5, 70, 70), Box(40, 50, 40, 40)
    for number, box in enumerate(squares):
        alone = judge(to_model(frames[number : number + 1], box, (SIZE, SIZE)))
        torch.testing.assert_close(seen[number], alone[0], atol=1e-4, rtol=1e-3)
    frames[0, :, 110:] = 0
    torch.testing.assert_close(judge.region(frames, masks), seen, atol=0, rtol=0)


def test_an_empty_mask_is_refused(judge):
    with pytest.raises(MaskError, match="frame 1"):
        judge.region(pictures(2, 40, 40), np.stack([np.ones((40, 40)), np.zeros((40, 40))]))


@pytest.mark.parametrize(
    "region", [Box(0, 0, 10, 30), Box(90, 40, 10, 8), Box(0, 10, 100, 20), Box(3, 0, 7, 50)]
)
def test_the_square_holds_the_region_and_stays_in_the_frame(region):
    square = bounding_square(region, (50, 100))
    assert square.width == square.height == min(max(region.width, region.height), 50)
    assert square.x >= 0
    assert square.y >= 0
    assert square.right <= 100
    assert square.bottom <= 50
    assert square.y <= region.y
    assert square.bottom >= region.bottom
    if region.width <= 50:
        assert square.x <= region.x
        assert square.right >= region.right


def test_temperature_softens(judge):
    features = torch.randn(4, 2272, generator=torch.Generator().manual_seed(0))
    hot = Judge(judge.classes, judge.weight, judge.bias, 100 * judge.temperature)
    assert torch.equal(hot.weigh(features).argmax(1), judge.weigh(features).argmax(1))
    assert (hot.weigh(features).amax(1) < judge.weigh(features).amax(1)).all()


def test_a_judge_that_is_not_whole_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"judge\.json"):
        Judge.from_folder(tmp_path)
    (tmp_path / "judge.json").write_text("[]")
    with pytest.raises(ModelError, match="does not describe"):
        Judge.from_folder(tmp_path)
    (tmp_path / "judge.json").write_text(json.dumps({"classes": ["a", "b"], "temperature": 1}))
    save_file(
        {"weight": torch.zeros(3, 2272), "bias": torch.zeros(3)}, tmp_path / "judge.safetensors"
    )
    with pytest.raises(ModelError, match="not whole"):
        Judge.from_folder(tmp_path)
