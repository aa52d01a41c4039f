"""RAFT by torchvision: accurate, differentiable, needs weights."""

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.errors import ConfigError, ModelError
from soundini.flow.refinement import CELL, refine
from soundini.flow.warp import resize_flow
from soundini.state_files import read_state

_VARIANTS = ("large", "small")
# Below 128 pixels the last pyramid level is one pixel wide and torchvision divides by zero.
_MIN_SIDE = 128


class RAFTFlow:
    """Optical flow by RAFT (Teed and Deng, ECCV 2020), in torchvision's implementation.

    Frames enter in [-1, 1], which is what torchvision's network expects (it does not divide by
    255). Frames with a short side under 128 px are enlarged, sides are padded to multiples of 8 by
    repeating the border, and the flow is brought back to the size of the frames. Gradients reach
    both frames; the weights are frozen. Memory grows with the square of the number of pixels: the
    correlations alone take 90 MB a pair at 512 x 512 and 1.4 GB at 1024 x 1024.

    Args:
        network: A torchvision RAFT network; it is frozen and set to evaluation.
        iterations: Refinement steps, 1 or more. The paper's line uses 20.

    Raises:
        ConfigError: ``iterations`` is below 1.
    """

    differentiable = True

    def __init__(self, network: nn.Module, iterations: int = 20) -> None:
        if iterations < 1:
            raise ConfigError(
                "RAFT needs at least 1 iteration, not {iterations}.", iterations=iterations
            )
        self.network: Any = network.eval().requires_grad_(False)
        self.iterations = iterations

    @classmethod
    def from_file(
        cls, path: str | Path, variant: str = "large", iterations: int = 20
    ) -> "RAFTFlow":
        """Load torchvision weights.

        Args:
            path: ``.safetensors``, or a state dict written by torch (read with
                ``weights_only=True``), with torchvision's key names (``raft_large_C_T_V2`` and its
                like).
            variant: ``"large"`` or ``"small"``.
            iterations: Refinement steps, 1 or more.

        Raises:
            ConfigError: The variant is unknown.
            ModelError: The file is missing, unreadable, or holds other weights.
        """
        network = _empty_network(variant)
        state = read_state(Path(path))
        expected = network.state_dict()
        missing = sorted(expected.keys() - state.keys())
        unexpected = sorted(state.keys() - expected.keys())
        if missing or unexpected:
            example = (missing or unexpected)[0]
            raise ModelError(
                "{file} does not hold torchvision's raft_{variant}: {missing} keys missing, {unexpected} "
                "unexpected (first: {example}). Choose the right variant or convert the file.",
                file=path,
                variant=variant,
                missing=len(missing),
                unexpected=len(unexpected),
                example=example,
            )
        wrong = [key for key, value in expected.items() if value.shape != state[key].shape]
        if wrong:
            raise ModelError(
                "{file} does not hold torchvision's raft_{variant}: {key} has shape {shape}, not "
                "{expected}.",
                file=path,
                variant=variant,
                key=wrong[0],
                shape=tuple(state[wrong[0]].shape),
                expected=tuple(expected[wrong[0]].shape),
            )
        network.load_state_dict(state, assign=True)
        return cls(network, iterations)

    @classmethod
    def random(cls, seed: int = 0, variant: str = "small", iterations: int = 2) -> "RAFTFlow":
        """Build a network with random weights, for tests: right shapes, a meaningless flow."""
        network = _empty_network(variant)
        network.load_state_dict(random_state(network, seed), assign=True)
        return cls(network, iterations)

    def to(self, device: torch.device | str) -> "RAFTFlow":
        """Move the network; a call also moves it to the device of its frames."""
        self.network.to(device)
        return self

    def __call__(self, frames_a: Tensor, frames_b: Tensor) -> Tensor:
        """Estimate the flow from ``frames_a`` to ``frames_b``; see :class:`FlowEstimator`."""
        if frames_a.shape != frames_b.shape:
            raise ValueError(f"frames differ in shape: {frames_a.shape}, {frames_b.shape}")
        if len(frames_a) == 0:
            return frames_a.new_zeros(0, 2, *frames_a.shape[-2:])
        here, there = self._encode(torch.cat([frames_a, frames_b])).chunk(2)
        return self._refine(here, there, self._context(frames_a), frames_a)

    def between_neighbours(self, frames: Tensor, batch_size: int) -> tuple[Tensor, Tensor]:
        """Encode each frame once for all its pairs; see :class:`EstimatesNeighbours`."""
        batches = frames.split(batch_size)
        features = torch.cat([self._encode(batch) for batch in batches])
        context = torch.cat([self._context(batch) for batch in batches])
        before, after = slice(None, -1), slice(1, None)
        ways = []
        for here, there in ((before, after), (after, before)):
            parts = (features[here], features[there], context[here], frames[here])
            split = zip(*(part.split(batch_size) for part in parts), strict=True)
            ways.append(torch.cat([self._refine(*some) for some in split]))
        return ways[0], ways[1]

    def _encode(self, frames: Tensor) -> Tensor:
        """Compute the features by which frames are compared."""
        return self.network.feature_encoder(self._inputs(frames))

    def _context(self, frames: Tensor) -> Tensor:
        """Compute the features that guide the refinement of the flow that begins at the frames."""
        return self.network.context_encoder(self._inputs(frames))

    def _inputs(self, frames: Tensor) -> Tensor:
        weight = next(self.network.parameters())
        if weight.device != frames.device:
            self.network.to(frames.device)
        size, (top, bottom), (left, right) = _placed(frames)
        large = _enlarge(frames.to(weight.dtype), size)
        return F.pad(large, (left, right, top, bottom), mode="replicate")

    def _refine(self, here: Tensor, there: Tensor, context: Tensor, frames: Tensor) -> Tensor:
        """The flow from its features, at the size of ``frames``, where it begins."""
        flow = refine(self.network, here, there, context, self.iterations)
        size, (top, _), (left, _) = _placed(frames)
        flow = flow[..., top : top + size[0], left : left + size[1]]
        return resize_flow(flow, (frames.shape[-2], frames.shape[-1])).to(frames.dtype)


def _empty_network(variant: str) -> nn.Module:
    if variant not in _VARIANTS:
        known = ", ".join(_VARIANTS)
        raise ConfigError(
            "RAFT has no variant {variant!r}: choose one of {known}.", variant=variant, known=known
        )
    from torchvision.models import optical_flow  # slow to import, and only needed here

    # on meta, construction draws nothing from the global random state
    with torch.device("meta"):
        return getattr(optical_flow, f"raft_{variant}")(weights=None)


def _enlarge(x: Tensor, size: tuple[int, int]) -> Tensor:
    if x.shape[-2:] == size:
        return x
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def _placed(frames: Tensor) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Size to which frames are enlarged, and the margins around it: top and bottom, left and right."""
    height, width = frames.shape[-2:]
    scale = max(1.0, _MIN_SIDE / min(height, width))
    size = (math.ceil(height * scale), math.ceil(width * scale))
    return size, _margins(size[0]), _margins(size[1])


def _margins(side: int) -> tuple[int, int]:
    """Split what must be added to ``side`` to make it a multiple of 8."""
    extra = -side % CELL
    return extra // 2, extra - extra // 2


def random_state(network: nn.Module, seed: int) -> dict[str, Tensor]:
    """Draw weights for a network (which may be on meta) from ``seed`` alone; norms do nothing."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in network.state_dict().items():
        if value.dim() > 1:
            spread = 1 / math.sqrt(value[0].numel())
            state[name] = torch.randn(value.shape, generator=generator) * spread
        elif name.endswith("bias") or name.endswith("running_mean"):
            state[name] = torch.zeros(value.shape)
        elif value.dim() == 0:
            state[name] = torch.zeros((), dtype=value.dtype)
        else:
            state[name] = torch.ones(value.shape)
    return state
