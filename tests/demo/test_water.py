import numpy as np
import pytest
import torch

from soundini.demo.water import bubbles, shower
from soundini.media.sound import resample


@pytest.mark.parametrize("make", [shower, bubbles])
def test_same_seed_same_water_at_one_level(make):
    np.testing.assert_array_equal(make(0.6, seed=5).samples, make(0.6, seed=5).samples)
    assert np.abs(make(0.6, seed=5).samples - make(0.6, seed=6).samples).max() > 0.1
    assert make(0.6).samples.shape == (1, round(0.6 * 44100))
    assert make(0.6).peak == pytest.approx(0.9, abs=1e-4)


@pytest.mark.parametrize(("make", "name"), [(shower, "rain"), (bubbles, "underwater")])
def test_the_joint_space_hears_what_it_is_meant_to_be(make, name):
    from soundini.packs.loading import load_senses

    joint = load_senses().joint
    for seed in (0, 1):
        heard = resample(make(4.0, seed=seed), joint.sample_rate)
        times = torch.tensor([1.2, 2.0, 2.8])
        for names in joint.name_sounds(
            joint.embed_sound(torch.from_numpy(heard.samples[0]), times)
        ):
            assert max(names, key=lambda n: names[n]) == name
            assert names[name] > 0.5
