"""Count the arithmetic of a step at paper scale, without doing it: the networks run on torch's ``meta`` device."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.optical_flow import raft_large

from soundini.diffusion.adm import GUIDED_256_UNCOND, build_unet
from soundini.diffusion.secondary import SecondaryDenoiser
from soundini.flow.pairs import estimate_pairs
from soundini.flow.raft import RAFTFlow
from soundini.joint.clip import ClipTowers
from soundini.perceptual.lpips import LPIPS
from soundini.weights.formats import find_format

RAFT_ITERATIONS = 20


def count_steps(frames: int, side: int, views: int) -> dict[str, float]:
    """TFLOP of a frame and step: the snapshot's loop, and ours by each way to take the gradient.

    Args:
        frames: of a window.
        side: of the square frames.
        views: of each frame that CLIP sees.
    """
    one = torch.empty(1, 3, side, side, device="meta")
    forward, backward = _unet(one)
    seen = views * sum(_clip()) + sum(_lpips(one))
    small = sum(_secondary(one))
    pairs = frames - 1
    visits = 2 * pairs / frames  # under guidance, of each frame, in the snapshot's loop
    theirs = forward + visits * (forward + backward + seen) + pairs * _flow(side, 2) / frames
    shared = forward + seen + _flow(side, frames) / frames
    ours = {"exact": shared + backward, "fast": shared, "secondary": shared + small}
    return {"snapshot": theirs, **ours}


def _count(network: Callable[[Tensor], Tensor], given: Tensor) -> tuple[float, float]:
    """TFLOP of the forward pass and of the gradient."""
    with FlopCounterMode(display=False) as counter:
        out = network(given.detach().requires_grad_())
        forward = counter.get_total_flops()
        out.sum().backward()
    return forward / 1e12, (counter.get_total_flops() - forward) / 1e12


def _unet(frame: Tensor) -> tuple[float, float]:
    with torch.device("meta"):
        unet = build_unet(GUIDED_256_UNCOND.settings()).eval().requires_grad_(False)
        step = torch.zeros(1, dtype=torch.long)
    return _count(lambda x: unet(x, step).sample, frame)


def _clip() -> tuple[float, float]:
    towers = ClipTowers(_empty("clip_vit_b32")).to("meta")
    side = towers.image_size
    return _count(towers.embed_images, torch.empty(1, 3, side, side, device="meta"))


def _lpips(frame: Tensor) -> tuple[float, float]:
    distance = LPIPS(_empty("vgg16"), _empty("lpips_vgg_lins")).to("meta")
    target = distance.prepare(frame)
    return _count(lambda x: distance.distance_to(target, x), frame)


def _secondary(frame: Tensor) -> tuple[float, float]:
    network = SecondaryDenoiser().to("meta").requires_grad_(False)
    return _count(lambda x: network(x, 0.5), frame)


def _flow(side: int, frames: int) -> float:
    """TFLOP of the flow both ways between all neighbours, and of its gradient."""
    with torch.device("meta"):
        network = raft_large(weights=None)
    flow = RAFTFlow(network, iterations=RAFT_ITERATIONS)

    def estimate(x: Tensor) -> Tensor:
        pairs = estimate_pairs(x, flow)
        return pairs.flow_fwd + pairs.flow_bwd

    return sum(_count(estimate, torch.empty(frames, 3, side, side, device="meta")))


def _empty(name: str) -> dict[str, Tensor]:
    layout = find_format(name).layout()
    return {key: torch.empty(shape, device="meta") for key, shape in layout.items()}
