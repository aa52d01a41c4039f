import torch

from soundini.flow import resize_flow


def test_vectors_scale_with_each_axis(uniform_flow):
    resized = resize_flow(uniform_flow(6, -4, 20, 30), (10, 90))
    assert resized.shape == (1, 2, 10, 90)
    assert torch.allclose(resized[:, 0], torch.tensor(18.0), atol=1e-4)
    assert torch.allclose(resized[:, 1], torch.tensor(-2.0), atol=1e-4)


def test_same_size_is_untouched(uniform_flow):
    flow = uniform_flow(1, 2, 8, 9)
    assert torch.equal(resize_flow(flow, (8, 9)), flow)


def test_no_pairs_stay_no_pairs():
    assert resize_flow(torch.zeros(0, 2, 8, 8), (4, 4)).shape == (0, 2, 4, 4)
