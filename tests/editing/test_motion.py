"""How effects move: noise that is carried along, classes blended, and the flow that is expected of them."""

import numpy as np
import pytest
import torch

from soundini.config.drift import DriftConfig
from soundini.config.recipe import SamplingConfig
from soundini.editing.motion import EffectMotion, MovingNoise, effect_motion, pairs_of_effect
from soundini.editing.sound_track import SoundTrack
from soundini.flow.pairs import FlowPairs
from soundini.media.envelope import onset_times
from soundini.media.sound import Sound

RATE = 24.0
SIZE = (48, 64)


class TwoClasses:
    """A joint space whose embeddings are the shares of two classes."""

    def __init__(self, *names):
        self.names = names

    def name_sounds(self, embeds):
        return [dict(zip(self.names, row, strict=True)) for row in embeds.tolist()]


def track(shares, sound=None):
    shares = torch.tensor(shares)
    sound = sound or Sound(np.zeros((1, 44100), np.float32), 44100)
    return SoundTrack(sound, shares, shares, shares, torch.ones(len(shares)))


def motion_of(name, frames=4, began=0.0, first=0, **config):
    joint = TwoClasses(name, "none")
    times = [i / RATE for i in range(frames)]
    return effect_motion(
        joint,
        track([[1.0, 0.0]] * frames),
        times,
        SamplingConfig(**config),
        began=began,
        first_index=first,
    )


def noise_of(motion, frames=None, kind="shared", size=SIZE, grid=1):
    indices = tuple(range(len(motion.shares))) if frames is None else frames
    return MovingNoise(7, indices, size, motion, kind, 30, grid)(0)


@pytest.mark.parametrize("name", [n for n in DriftConfig.model_fields if n != "speed"])
def test_noise_moves_as_the_effect_does(name):
    """Each frame's noise is the first one's, moved right and down by the effect's velocity."""
    motion = motion_of(name, 6)
    noise = noise_of(motion)
    moved = motion.pixels(SIZE, 1).round().int()
    right, down = (moved[5, 0] - moved[0, 0]).tolist()
    wanted = torch.tensor(DriftConfig().velocity(name)) * SIZE[0] * 5 / RATE
    assert torch.allclose(torch.tensor([right, down]).float(), wanted, atol=3.5)  # snow sways
    rows, columns = slice(max(0, down), SIZE[0] + min(0, down)), slice(max(0, right), SIZE[1])
    before = (slice(max(0, -down), SIZE[0] - max(0, down)), slice(0, SIZE[1] - max(0, right)))
    assert torch.equal(noise[5][:, rows, columns], noise[0][:, before[0], before[1]])


def test_fire_rises_and_rain_falls():
    assert motion_of("fire").steps(SIZE, 1)[:, 1].sum() < 0
    assert motion_of("rain").steps(SIZE, 1)[:, 1].sum() > 0


def test_the_sea_runs_along_the_longer_side():
    motion = motion_of("sea", 13)
    (right, down), (along, across) = (
        motion.steps(size, 1).sum(0).tolist() for size in ((48, 64), (64, 48))
    )
    assert right > 0 == down
    assert across > 0 == along


def test_moves_are_whole_steps_of_the_networks_grid():
    moved = motion_of("snow_wind", 12).pixels(SIZE, 2)
    assert torch.equal(moved % 2, torch.zeros_like(moved))


def test_a_frames_noise_does_not_depend_on_the_window():
    """The same frames of a part that begins later get the same noise."""
    whole = noise_of(motion_of("rain", 8), kind="evolving")
    part = motion_of("rain", 3, began=5 / RATE, first=5)
    assert torch.equal(noise_of(part, (5, 6, 7), "evolving"), whole[5:])


def test_two_classes_keep_the_variance():
    joint = TwoClasses("fire", "rain")
    shares = [[1 - i / 8, i / 8] for i in range(9)]
    motion = effect_motion(joint, track(shares), [i / RATE for i in range(9)], SamplingConfig())
    noise = noise_of(motion, kind="evolving", size=(64, 64))
    assert (noise.square().mean((1, 2, 3)) - 1).abs().max() < 0.05
    assert motion.steps(SIZE, 1)[0, 1] < 0 < motion.steps(SIZE, 1)[-1, 1]


def test_a_storm_stands_still_and_strikes_with_every_clap():
    """Bolts change where the sound strikes, and nowhere else."""
    rate, claps = 8000, (0.5, 1.2)
    samples = np.random.default_rng(0).normal(0, 0.01, 2 * rate)
    for at in claps:
        samples[int(at * rate) : int(at * rate) + 800] += 0.5
    sound = Sound(samples[None].astype(np.float32), rate)
    times = [i / RATE for i in range(48)]
    motion = effect_motion(
        TwoClasses("thunderstorm", "none"), track([[1.0, 0.0]] * 48, sound), times, SamplingConfig()
    )
    noise = noise_of(motion, kind="evolving")
    changes = [i for i in range(1, 48) if not torch.equal(noise[i], noise[i - 1])]
    assert changes == pytest.approx([at * RATE for at in claps], abs=2)


def test_onsets_are_found_once_each():
    rate = 8000
    samples = np.zeros(2 * rate, np.float32)
    for at in (0.4, 1.0, 1.7):
        samples[int(at * rate) : int(at * rate) + 200] = 0.8
    assert onset_times(Sound(samples[None], rate)) == pytest.approx([0.4, 1.0, 1.7], abs=0.06)
    assert onset_times(Sound(np.zeros((1, rate), np.float32), rate)) == []


def test_flashes_come_at_most_three_times_a_second():
    rate = 16000
    samples = np.zeros(3 * rate, np.float32)
    for start in range(0, len(samples), rate // 10):
        samples[start : start + 200] = 0.8
    onsets = onset_times(Sound(samples[None], rate))
    assert len(onsets) > 3
    assert min(np.diff(onsets)) > 1 / 3


def test_nothing_moves_where_that_is_asked_or_no_class_is_known():
    assert not motion_of("rain", drift=DriftConfig(speed=0)).positions.any()
    assert effect_motion(object(), track([[1.0, 0.0]]), [0.0], SamplingConfig()) is None  # type: ignore[arg-type]


def test_the_effects_flow_is_the_scenes_and_its_own_inside_the_mask():
    mask = torch.zeros(2, 1, 20, 20)
    mask[:, :, 5:15, 5:15] = 1
    still = FlowPairs(
        *(torch.zeros(1, c, 20, 20) for c in (2, 2)), *(torch.ones(1, 1, 20, 20),) * 2
    )
    pairs = pairs_of_effect(still, mask, torch.tensor([[0.0, 3.0]]))
    assert bool((pairs.flow_fwd[0, 1, 5:15, 5:15] == 3).all())
    assert bool((pairs.flow_bwd[0, 1, 5:15, 5:15] == -3).all())
    assert pairs.flow_fwd[0, 1].sum() == 300
    assert bool((pairs.visible_fwd[0, 0, 5:12, 5:15] == 1).all())
    assert bool(
        (pairs.visible_fwd[0, 0, 13:15] == 0).all()
    )  # what leaves the mask is not seen again
    assert bool((pairs.visible_bwd[0, 0, 8:15, 5:15] == 1).all())


def test_motions_of_picked_frames():
    motion = motion_of("fire", 6)
    picked = motion.of([1, 4])
    assert isinstance(picked, EffectMotion)
    assert torch.equal(picked.positions, motion.positions[[1, 4]])
