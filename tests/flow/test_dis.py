import cv2
import pytest
import torch

from soundini.flow.dis import DISFlow
from soundini.flow.protocol import FlowEstimator
from soundini.flow.warp import warp

INNER = (slice(None), slice(None), slice(12, -12), slice(12, -12))


@pytest.mark.parametrize(("dx", "dy"), [(3, 0), (-2, 4)])
def test_translation_is_found_within_a_third_of_a_pixel(translating, uniform_flow, dx, dy):
    frames = translating(dx, dy)
    flow = DISFlow()(frames[:1], frames[1:])
    error = (flow - uniform_flow(dx, dy, *frames.shape[-2:]))[INNER].abs()
    assert error.mean() < 0.3


def test_flow_rebuilds_the_first_frame_and_its_opposite_does_not(translating):
    frames = translating(4, -3)
    flow = DISFlow()(frames[:1], frames[1:])
    right = (warp(frames[1:], flow) - frames[:1])[INNER].abs().mean()
    wrong = (warp(frames[1:], -flow) - frames[:1])[INNER].abs().mean()
    still = (frames[1:] - frames[:1])[INNER].abs().mean()
    assert right < 0.1 * still
    assert wrong > still


@pytest.mark.parametrize("size", [(24, 24), (17, 40), (63, 150), (8, 8)])
def test_small_frames_give_vectors_in_their_own_pixels(translating, uniform_flow, size):
    frames = translating(1, 0, height=size[0], width=size[1])
    flow = DISFlow()(frames[:1], frames[1:])
    assert flow.shape == (1, 2, *size)
    if min(size) > 16:
        inner = flow[..., 5:-5, 5:-5]
        assert (inner - uniform_flow(1, 0, *inner.shape[-2:])).abs().mean() < 0.3


def test_flow_does_not_depend_on_threads(translating):
    frames = translating(5, 3)
    before = cv2.getNumThreads()
    flows = []
    try:
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            flows.append(DISFlow()(frames[:1], frames[1:]))
            assert cv2.getNumThreads() == threads
    finally:
        cv2.setNumThreads(before)
    assert torch.equal(*flows)


def test_batch_equals_its_pairs_one_by_one(translating):
    frames = translating(2, 1, frames=4)
    estimate = DISFlow()
    together = estimate(frames[:-1], frames[1:])
    for index in range(3):
        alone = estimate(frames[index : index + 1], frames[index + 1 : index + 2])
        assert torch.equal(together[index : index + 1], alone)


def test_is_an_estimator_without_gradient(translating):
    estimate = DISFlow()
    assert isinstance(estimate, FlowEstimator)
    assert not estimate.differentiable
    frames = translating(1, 1).half().requires_grad_()
    flow = estimate(frames[:1], frames[1:])
    assert not flow.requires_grad
    assert flow.dtype == torch.float16
    assert estimate(frames[:0], frames[:0]).shape == (0, 2, 96, 112)
