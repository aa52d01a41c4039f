import numpy as np
import pytest
import torch

from soundini.demo.sounds import bubbles, crackle, shower, write_wav
from soundini.media.sound import load_sound, resample


def test_same_seed_same_fire():
    np.testing.assert_array_equal(crackle(1, seed=5).samples, crackle(1, seed=5).samples)
    assert np.abs(crackle(1, seed=5).samples - crackle(1, seed=6).samples).max() > 0.1


@pytest.mark.parametrize("rate", [8000, 44100])
def test_length_and_level(rate):
    sound = crackle(1.5, rate)
    assert sound.samples.shape == (1, round(1.5 * rate))
    assert sound.peak == pytest.approx(0.9, abs=1e-4)


def test_pops_stand_out_of_the_flames():
    samples = crackle(4.0).samples[0]
    assert np.abs(samples).max() > 8 * samples.std()


def test_the_joint_space_hears_a_fire():
    from soundini.joint.embedded import EmbeddedJointSpace
    from soundini.packs.pack import embedded_folder

    joint = EmbeddedJointSpace.from_folder(embedded_folder() / "joint")
    for seed in (0, 1):
        heard = resample(crackle(4.0, seed=seed), joint.sample_rate)
        embeds = joint.embed_sound(
            torch.from_numpy(heard.samples[0]), torch.tensor([1.0, 2.0, 3.0])
        )
        for names in joint.name_sounds(embeds):
            assert max(names, key=lambda n: names[n]) == "fire"
            assert names["fire"] > 0.8


def test_wav_is_read_as_it_was_written(tmp_path):
    sound = crackle(0.5)
    write_wav(tmp_path / "a.wav", sound)
    read = load_sound(tmp_path / "a.wav")
    assert read.sample_rate == sound.sample_rate
    np.testing.assert_allclose(read.samples, sound.samples, atol=1e-4)
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


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
