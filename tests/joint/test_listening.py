import pytest
import torch

from soundini.joint.listening import (
    LEVEL_FEATURES,
    STRIDE,
    Steps,
    pool_around,
    pool_steps,
    pooled_width,
    segment_steps,
    sharpen,
    smooth,
    step_levels,
)
from soundini.joint.texture import TEXTURE_BANDS
from soundini.packs.debug import debug_pack


@pytest.fixture(scope="module")
def joint():
    return debug_pack().joint


def seeded(number=0):
    return torch.Generator().manual_seed(number)


def steps_of(count, dim=5):
    return Steps(
        torch.rand(dim, count, generator=seeded()),
        torch.rand(7, count, generator=seeded(1)),
        torch.rand(TEXTURE_BANDS, count * STRIDE, generator=seeded(2)),
    )


def test_levels_are_those_of_the_power_in_each_step():
    power = torch.full((96, 20), 1e-3)
    power[:, 8:16] *= 100
    levels = step_levels(power)
    assert levels.shape == (7, 2)
    torch.testing.assert_close(levels.diff(dim=1), torch.full((7, 1), 20.0), atol=1e-2, rtol=0)
    torch.testing.assert_close(levels[-1] - levels[0], torch.full((2,), 7.78), atol=1e-2, rtol=0)


def test_a_stretch_is_summed_up_whatever_its_length():
    for count in (1, 2, 9, 54):
        steps = steps_of(count)
        pooled = pool_steps(steps)
        assert pooled.shape == (pooled_width(5),)
        assert torch.isfinite(pooled).all()
        torch.testing.assert_close(pooled[:5], steps.features.mean(1))
        torch.testing.assert_close(pooled[10:15], steps.features.amax(1))


def test_a_swell_is_told_from_a_steady_sound_by_its_changes():
    time = torch.arange(54.0)
    swell, flutter = (10 * torch.sin(time * rate).expand(7, -1) for rate in (0.1, 3.0))
    still, bands = torch.zeros(1, 54), torch.ones(TEXTURE_BANDS, 54 * STRIDE)
    slow, fast = (
        pool_steps(Steps(still, level, bands))[3 : 3 + LEVEL_FEATURES] for level in (swell, flutter)
    )
    at_once, later = slice(21, 28), slice(42, 49)  # over one step, and over twenty
    assert (slow[at_once] < 0.2 * fast[at_once]).all()
    assert (slow[later] > 5 * slow[at_once]).all()


def test_a_context_ends_at_the_borders_of_its_segment_and_keeps_its_length_where_it_can():
    steps = steps_of(40)
    pooled = pool_around(steps, 10, [0, 15])
    whole = [pool_steps(part) for part in (steps.part(5, 15), steps.part(15, 25))]
    torch.testing.assert_close(pooled[14], whole[0])
    torch.testing.assert_close(pooled[15], whole[1])
    short = steps.part(0, 4)
    torch.testing.assert_close(pool_around(short, 10), pool_steps(short).expand(4, -1))


def test_a_turn_is_found_and_a_doubt_is_none():
    sure = torch.tensor([[0.9, 0.1]] * 20 + [[0.1, 0.9]] * 20).log()
    assert segment_steps(sure / 12, 1.0) == [0, 20]
    sure[8:10] = sure[8:10].flip(1)
    assert segment_steps(sure / 12, 1.0) == [0, 20]
    assert segment_steps(sure / 12, 100.0) == [0]


def test_a_blurred_border_is_moved_to_where_the_sound_changes():
    features = torch.randn(8, 60, generator=seeded())
    features[:, 33:] += 4
    assert sharpen(features, [0, 30], 6) == [0, 33]
    assert sharpen(features, [0], 6) == [0]


def test_shares_are_smoothed_and_still_add_up():
    shares = torch.eye(3)[[0] * 5 + [2] * 5]
    found = smooth(shares, 3)
    torch.testing.assert_close(found.sum(1), torch.ones(10))
    torch.testing.assert_close(
        found[[0, 4, 9]], torch.tensor([[1, 0, 0], [2 / 3, 0, 1 / 3], [0, 0, 1]])
    )


def test_a_long_sound_is_heard_in_pieces_as_it_is_at_once(joint):
    power = torch.rand(96, 2500, generator=seeded())
    whole = joint.listen(power)
    assert len(whole) == 2500 // 8
    alone = joint.listen(power[:, 800:1600])  # within the second piece, and across its end
    torch.testing.assert_close(
        alone.features[:, 10:-10], whole.features[:, 110:190], atol=1e-5, rtol=1e-4
    )


def test_the_shortest_sound_is_heard(joint):
    for count in (1, 300, 5000):
        embeds = joint.embed_sound(
            torch.rand(count, generator=seeded()) - 0.5, torch.tensor([0.0, 1.0])
        )
        torch.testing.assert_close(embeds.norm(dim=1), torch.ones(2), atol=1e-5, rtol=0)
