import numpy as np
import torch

from soundini.training.laying import laid_in


def test_a_picture_is_in_the_middle_and_its_background_in_the_corners():
    front, back = torch.ones(32, 3, 40, 40), -torch.ones(32, 3, 40, 40)
    laid = laid_in(front, back, np.random.default_rng(0))
    assert (laid[:, :, 18:22, 18:22] == 1).all()
    assert (laid[:, :, 0, 0] < 0).all()
    share = (laid.mean((1, 2, 3)) + 1) / 2
    assert share.min() > 0.3
    assert share.max() < 1
    assert torch.equal(laid, laid_in(front, back, np.random.default_rng(0)))


def test_a_picture_laid_into_itself_is_itself():
    picture = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(laid_in(picture, picture, np.random.default_rng(1)), picture)
