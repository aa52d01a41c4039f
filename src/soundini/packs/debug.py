"""A tiny random pack from the same factory; it runs every path of the program in a second, without weights."""

import torch
import torch.nn.functional as F
from torch import nn

from soundini.diffusion.adm import unet_class
from soundini.diffusion.denoiser import UNetDenoiser
from soundini.diffusion.schedule import NoiseSchedule
from soundini.flow.dis import DISFlow
from soundini.joint.embedded import EmbeddedJointSpace
from soundini.joint.towers import SoundHead, SoundNetwork
from soundini.packs.pack import ModelPack

DEBUG_CLASSES = ("one", "two")
"""The classes of sounds that the pack knows."""


class _TinyTower(nn.Module):
    """A linear map of an image that is averaged to eight by eight cells."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.out = nn.Linear(3 * 64, dim)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        return F.adaptive_avg_pool2d(x, 8).flatten(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.features(x))


@torch.no_grad()
def _sharpen(network: SoundNetwork, head: SoundHead) -> None:
    """Make random towers follow the sound: no biases, weights that keep its level, and mean features alone."""
    for conv in network.convs:
        assert isinstance(conv, nn.Conv2d)
        assert conv.bias is not None
        conv.bias.zero_()
        conv.weight.mul_(2.4)
    head.weight[:, network.width :] = 0
    head.weight.mul_(100)


def debug_pack(device: torch.device | str = "cpu", seed: int = 0) -> ModelPack:
    """A pack of random weights, the same for the same seed; the global random state is left alone.

    Args:
        device: where the models run.
        seed: names the weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = unet_class()(
            sample_size=32,
            in_channels=12,
            out_channels=12,
            layers_per_block=1,
            block_out_channels=(16, 16),
            down_block_types=("DownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "UpBlock2D"),
            norm_num_groups=4,
        )
        network = SoundNetwork((4, 4, 8, 16))
        towers = (_TinyTower(32), network, SoundHead(len(DEBUG_CLASSES), network.width))
        _sharpen(towers[1], towers[2])
        directions = torch.linalg.qr(torch.randn(32, len(DEBUG_CLASSES))).Q.T
    schedule = NoiseSchedule.from_diffusers(
        {"num_train_timesteps": 1000, "beta_schedule": "squaredcos_cap_v2"}
    )
    denoiser = UNetDenoiser(
        unet, schedule, prediction_type="v_prediction", unshuffle=2, stride=4
    ).to(device)
    joint = EmbeddedJointSpace(
        *towers,
        prototypes=dict(zip(DEBUG_CLASSES, directions, strict=True)),
        image_size=32,
    ).to(device)
    return ModelPack("debug", None, joint, DISFlow(), denoiser=denoiser)
