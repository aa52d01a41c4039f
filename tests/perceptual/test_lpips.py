import warnings
from pathlib import Path

import pytest
import torch

from soundini.errors import ModelError
from soundini.perceptual import LPIPS


@pytest.fixture(scope="module")
def package():
    return pytest.importorskip("lpips")


@pytest.fixture(scope="module")
def reference(package, trunk, lins):
    """The authors' own LPIPS with our random weights; nothing is downloaded."""
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        network = package.LPIPS(net="vgg", pretrained=False, pnet_rand=True, verbose=False)
    state = dict(lins)
    state |= {f"lins.{key[3]}.{key[5:]}": value for key, value in lins.items()}
    for key in network.net.state_dict():
        state[f"net.{key}"] = trunk["features." + key.split(".", 1)[1]]
    missing, unexpected = network.load_state_dict(state, strict=False)
    assert not unexpected
    assert set(missing) == {"scaling_layer.shift", "scaling_layer.scale"}
    return network.requires_grad_(False)


@pytest.mark.parametrize("size", [(64, 64), (75, 50)])
def test_equals_the_authors_package(lpips, reference, image, size):
    a = torch.cat([image(*size, seed) for seed in (1, 2, 3)])
    b = torch.cat([image(*size, seed) for seed in (4, 2, 1)])
    expected = reference(a, b).flatten()
    assert expected[0] > 0.01
    assert torch.allclose(lpips(a, b), expected, rtol=1e-5, atol=1e-5)


def test_gradient_equals_the_authors_package(lpips, reference, image):
    b = image(48, 48, 2)
    gradients = []
    for network in (lpips, reference):
        a = image(48, 48, 1).requires_grad_()
        network(a, b).sum().backward()
        gradients.append(a.grad)
    assert torch.allclose(*gradients, rtol=1e-3, atol=1e-7)


def test_reads_the_files_as_published(package, tmp_path, trunk, image):
    # vgg.pth is a legacy pickle whose tensors are tagged cuda:0
    published = Path(package.__file__).parent / "weights" / "v0.1" / "vgg.pth"
    classifier = {"classifier.0.weight": torch.zeros(1)}
    torch.save(trunk | classifier, tmp_path / "vgg16.pth")
    distance = LPIPS.from_files(tmp_path / "vgg16.pth", published)
    assert distance.get_buffer("lin0").shape == (1, 64, 1, 1)
    assert (distance.get_buffer("lin4") >= 0).all()
    assert distance(image(32, 32, 1), image(32, 32, 2)) > 0


def test_weight_is_blind_beyond_the_receptive_field(lpips, image):
    # relu5_3 sees 196 px across: what changes in the left 32 px cannot reach past 32 + 98 + 16
    b = image(32, 256, 1)
    a = b.clone()
    a[..., :32] = image(32, 256, 2)[..., :32]
    far = torch.zeros(1, 1, 32, 256)
    far[..., 160:] = 1
    near = torch.zeros(1, 1, 32, 256)
    near[..., 32:160] = 1
    assert lpips(a, b, far) == 0
    assert lpips(a, b, near) > 0
    assert lpips(a, b, near) < lpips(a, b)


def test_taps_are_those_of_the_paper(lpips, image):
    shapes = [tuple(tap.shape[1:]) for tap in lpips.features(image(64, 48))]
    assert shapes == [(64, 64, 48), (128, 32, 24), (256, 16, 12), (512, 8, 6), (512, 4, 3)]
    assert all((tap >= 0).all() for tap in lpips.features(image(32, 32)))


def test_building_leaves_its_weights_and_the_random_state_alone(trunk, lins):
    before, kept = torch.get_rng_state(), trunk["features.0.weight"].clone()
    distance = LPIPS(trunk, lins)
    assert torch.equal(torch.get_rng_state(), before)
    next(distance.parameters()).zero_()
    assert torch.equal(trunk["features.0.weight"], kept)


def test_wrong_weights_say_what_is_wrong(trunk, lins):
    with pytest.raises(ModelError, match=r"lack features\.0\.weight"):
        LPIPS({}, lins)
    with pytest.raises(ModelError, match=r"lack lin0"):
        LPIPS(trunk, {})
    with pytest.raises(ModelError, match=r"lin2.*has shape"):
        LPIPS(trunk, lins | {"lin2.model.1.weight": torch.zeros(1, 3, 1, 1)})


def test_tiny_images_are_refused(lpips):
    with pytest.raises(ValueError, match="16 px"):
        lpips(torch.zeros(1, 3, 15, 64), torch.zeros(1, 3, 15, 64))
