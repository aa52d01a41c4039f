import numpy as np
import pytest
import torch
import torch.nn.functional as F

from soundini.demo.sounds import bubbles, crackle
from soundini.errors import ModelError
from soundini.joint.embedded import EmbeddedJointSpace
from soundini.joint.protocol import (
    JointSpace,
    KnowsSoundClasses,
    KnowsTypicalSounds,
    NamesSounds,
)
from soundini.media.sound import resample
from soundini.packs.pack import embedded_folder


@pytest.fixture(scope="module")
def joint():
    return EmbeddedJointSpace.from_folder(embedded_folder() / "joint")


def hiss(level, seconds=2.5):
    samples = np.random.default_rng(0).normal(0, 0.2, int(44_100 * seconds))
    return torch.from_numpy((level * samples).astype(np.float32))


def test_it_keeps_the_protocol(joint):
    assert isinstance(joint, JointSpace)
    assert isinstance(joint, NamesSounds)
    assert isinstance(joint, KnowsTypicalSounds)


def test_embeddings_have_unit_length(joint):
    sound = joint.embed_sound(hiss(1.0), torch.tensor([0.5, 1.0, 2.0]))
    image = joint.embed_images(torch.zeros(2, 3, joint.image_size, joint.image_size))
    for embeds, count in ((sound, 3), (image, 2)):
        assert embeds.shape == (count, joint.dim)
        assert torch.allclose(embeds.norm(dim=-1), torch.ones(count), atol=1e-5)


def test_loudness_counts(joint):
    loud, quiet = (joint.embed_sound(hiss(g), torch.tensor([1.2]))[0] for g in (1.0, 0.03))
    assert (loud @ quiet).item() < 0.98


def test_image_embedding_is_differentiable(joint):
    image = torch.zeros(1, 3, joint.image_size, joint.image_size, requires_grad=True)
    joint.embed_images(image)[0, 0].backward()
    assert torch.isfinite(image.grad).all()
    assert (image.grad != 0).any()


def test_names_are_probabilities(joint):
    (names,) = joint.name_sounds(joint.embed_sound(hiss(1.0), torch.tensor([1.2])))
    assert "fire" in names
    assert sum(names.values()) == pytest.approx(1, abs=1e-4)


def test_a_damaged_folder_is_named(tmp_path):
    with pytest.raises(ModelError, match=str(tmp_path)):
        EmbeddedJointSpace.from_folder(tmp_path)


def test_typical_sounds_are_near_what_is_heard_and_nearer_their_class(joint):
    fire, sea = joint.prototypes["fire"], joint.prototypes["sea"]
    random = torch.Generator().manual_seed(0)
    odd = F.normalize(fire + 0.06 * torch.randn(8, len(fire), generator=random), dim=-1)
    typical = joint.typical_sounds(odd)
    torch.testing.assert_close(typical.norm(dim=-1), torch.ones(8))
    assert ((typical @ fire) > (odd @ fire)).all()
    between = joint.typical_sounds(F.normalize(fire + sea, dim=-1)[None])[0]
    assert min(float(between @ fire), float(between @ sea)) > 0.5


def test_shares_are_embedded_so_that_they_are_named_again(joint):
    random = torch.Generator().manual_seed(0)
    mixed = torch.rand(20, 9, generator=random).pow(4)
    shares = torch.cat(
        [mixed / mixed.sum(1, keepdim=True), torch.eye(9), torch.full((1, 9), 1 / 9)]
    )
    embeds = joint.embed_shares(shares)
    assert isinstance(joint, KnowsSoundClasses)
    torch.testing.assert_close(embeds.norm(dim=1), torch.ones(len(shares)), atol=1e-5, rtol=0)
    named = torch.tensor([list(row.values()) for row in joint.name_sounds(embeds)])
    assert list(joint.name_sounds(embeds)[0]) == list(joint.sound_classes)
    torch.testing.assert_close(named, shares, atol=3e-3, rtol=0)


def test_a_turn_is_heard_within_half_a_second(joint):
    """A crackle, then bubbles: before the turn and after it, each is what it is alone."""
    seconds = 5.0
    fire = resample(crackle(seconds), joint.sample_rate).samples[0]
    water = resample(bubbles(seconds), joint.sample_rate).samples[0]
    waveform = torch.from_numpy(np.concatenate([fire, water]))
    times = torch.arange(0.1, 2 * seconds, 0.05)
    named = [max(row, key=row.get) for row in joint.name_sounds(joint.embed_sound(waveform, times))]
    first, second = named[10], named[-10]
    assert (first, second) == ("fire", "underwater")
    for time, name in zip(times.tolist(), named, strict=True):
        if abs(time - seconds) > 0.5:
            assert name == (first if time < seconds else second), (time, name)
