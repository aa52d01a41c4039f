import numpy as np
import torch

from soundini.training.augment import laid_in, shrunk, softened


def checkers(count=16, size=96):
    board = (torch.arange(size)[:, None] + torch.arange(size)) % 2 * 2.0 - 1
    return board.expand(count, 3, size, size).clone()


def test_shrinking_takes_the_finest_detail():
    assert shrunk(checkers(), 32).std() < 0.2
    flat = torch.full((1, 3, 96, 96), 0.3)
    torch.testing.assert_close(shrunk(flat, 32), flat, atol=1e-5, rtol=0)


def test_pictures_are_softened_each_in_its_own_way_and_again_the_same():
    first, again = (softened(checkers(), np.random.default_rng(1)) for _ in range(2))
    assert torch.equal(first, again)
    assert first.abs().max() <= 1
    contrast = first.std((1, 2, 3))
    assert contrast.min() < 0.3
    assert contrast.max() > 0.8


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
