import torch

from soundini.diffusion.noise import FrameNoise, gaussian, stable_seed


def test_noise_is_a_function_of_seed_and_frame_alone():
    a = FrameNoise(7, (4, 5, 6), (8, 8), "independent")(0)
    b = FrameNoise(7, (6, 7), (8, 8), "independent")(0)
    assert torch.equal(a[2], b[0])
    assert not torch.equal(a[0], a[1])
    assert not torch.equal(a, FrameNoise(8, (4, 5, 6), (8, 8), "independent")(0))


def test_shared_noise_is_one_image():
    noise = FrameNoise(7, (0, 9), (8, 8))
    assert torch.equal(noise(0)[0], noise(0)[1])
    assert not torch.equal(noise(0), noise(1))


def test_evolving_noise_turns_slowly_and_keeps_its_variance():
    noise = FrameNoise(7, tuple(range(25)), (64, 64), "evolving", period=24)(0)
    near = (noise[0] - noise[1]).square().mean()
    far = (noise[0] - noise[24]).square().mean()
    assert near < 0.02
    assert 1.8 < far < 2.2
    assert (noise.square().mean((1, 2, 3)) - 1).abs().max() < 0.05


def test_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    gaussian(1, 2, 3, (4, 4))
    FrameNoise(1, (0, 1), (4, 4))(0)
    assert torch.equal(before, torch.get_rng_state())


def test_seeds_of_different_names_differ():
    names = [(a, b) for a in range(20) for b in range(20)]
    assert len({stable_seed(*n) for n in names}) == len(names)
    assert stable_seed(1, 23) != stable_seed(12, 3)
