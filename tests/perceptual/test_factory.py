import pytest
import torch
from safetensors.torch import save_file

from soundini.errors import ConfigError, ModelError
from soundini.perceptual import LPIPS, ImageNetDistance, load_perceptual


def test_auto_takes_the_stand_in_when_lpips_is_absent(tmp_path):
    assert isinstance(load_perceptual(), ImageNetDistance)
    assert isinstance(load_perceptual("auto", tmp_path), ImageNetDistance)


def test_auto_does_not_take_half_of_lpips(tmp_path, trunk):
    save_file(trunk, tmp_path / "vgg16.safetensors")
    assert isinstance(load_perceptual("auto", tmp_path), ImageNetDistance)


@pytest.mark.parametrize("name", ["auto", "lpips"])
def test_lpips_from_one_file(tmp_path, trunk, lins, lpips, image, name):
    save_file(trunk | lins, tmp_path / "lpips_vgg16.safetensors")
    loaded = load_perceptual(name, tmp_path)
    assert isinstance(loaded, LPIPS)
    a, b = image(32, 32, 1), image(32, 32, 2)
    assert torch.equal(loaded(a, b), lpips(a, b))


def test_lpips_from_the_published_pair(tmp_path, trunk, lins):
    torch.save(trunk, tmp_path / "vgg16-397923af.pth")
    torch.save(lins, tmp_path / "vgg.pth")
    assert isinstance(load_perceptual("lpips", tmp_path), LPIPS)


def test_names():
    assert load_perceptual("none") is None
    assert load_perceptual("imagenet").name == "imagenet-efficientnet-lite0"
    with pytest.raises(ConfigError, match="auto, lpips, imagenet, none"):
        load_perceptual("vgg")


def test_lpips_asked_for_and_absent(tmp_path):
    with pytest.raises(ModelError, match=r"vgg16-397923af\.pth"):
        load_perceptual("lpips", tmp_path)
    with pytest.raises(ModelError, match="any folder"):
        load_perceptual("lpips")


def test_a_damaged_file_is_an_error_even_for_auto(tmp_path):
    (tmp_path / "lpips_vgg16.safetensors").write_bytes(b"junk")
    with pytest.raises(ModelError, match="cannot be read"):
        load_perceptual("auto", tmp_path)
