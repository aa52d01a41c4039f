"""Chooses the fastest way to compute that fits into the device's free memory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from soundini.config.recipe import ComputeConfig, Recipe
from soundini.config.written import parse_bytes
from soundini.diffusion.denoiser import UNetDenoiser
from soundini.editing.window import WindowInputs, guidance_terms
from soundini.flow.dis import DISFlow
from soundini.flow.pairs import estimate_pairs
from soundini.guidance.context import GuidanceContext
from soundini.joint.protocol import ParksTowers
from soundini.packs.pack import ModelPack

_SHARE = 0.85
"""Share of the free memory that is used: allocators leave gaps, and libraries need room."""
_WORKING = 3
"""Copies of the largest activation that a pass without a gradient holds."""
_AUTOCAST = 0.85
"""Bytes that a network keeps under autocast, as a share of those in float32: its norms stay in float32."""


@dataclass(frozen=True)
class Footprint:
    """Bytes that a step holds, besides the weights.

    Args:
        network: kept of each frame that passes the network for the gradient.
        network_recomputed: the same with ``compute.checkpoint``.
        working: of each frame that passes it without a gradient.
        losses: kept of each frame of a window by the losses.
        losses_recomputed: the same with ``compute.checkpoint``.
        parked: what ``compute.offload`` moves off the device, once; 0 on a CPU.
    """

    network: int
    network_recomputed: int
    working: int
    losses: int
    losses_recomputed: int
    parked: int

    def need(self, frames: int, compute: ComputeConfig, *, exact: bool) -> int:
        """Bytes of a step of ``frames`` frames, with the choices of ``compute``.

        Args:
            frames: of a window.
            compute: with chosen values.
            exact: whether the gradient runs through the network.
        """
        losses = self.losses_recomputed if compute.recomputes else self.losses
        network = self.network_recomputed if compute.recomputes else self.network
        together = min(compute.frames_at_once or frames, frames)
        held = frames * losses + together * (network if exact else self.working)
        return held - (self.parked if compute.parks else 0)


def fit_to_device(pack: ModelPack, recipe: Recipe, size: tuple[int, int]) -> Recipe:
    """Choose what the recipe leaves to be chosen (``auto``), so that a window fits into the device's free memory.

    The ways to compute are tried from the fastest to the leanest: all frames at once; frames in chunks, or activations
    computed twice; both, frame by frame. What the recipe names stays as it is. What was chosen takes the place of ``auto``.

    Args:
        pack: the models, on their device.
        recipe: settings.
        size: height and width of the edited region.
    """
    compute = recipe.compute
    if "auto" not in (compute.chunk, compute.checkpoint, compute.offload):
        return recipe
    budget = free_bytes(next(pack.denoiser.parameters()).device) * _SHARE
    if compute.memory:
        budget = min(budget, parse_bytes(compute.memory))
    return _chosen(recipe, footprint(pack, recipe, size), budget)


def _chosen(recipe: Recipe, taken: Footprint, budget: float) -> Recipe:
    exact, frames = recipe.guidance.gradient == "exact", recipe.window.frames
    ways = _ways(recipe.compute, frames)
    for way in ways:
        if taken.need(frames, way, exact=exact) <= budget:
            break
    else:
        way = ways[-1]
    return recipe.model_copy(update={"compute": way})


def _ways(compute: ComputeConfig, frames: int) -> list[ComputeConfig]:
    """The ways to compute, the fastest first, as docs/bench-paper.md measures them; settings that are named stay."""
    smaller = range(frames - 1, 0, -1)
    layouts = [(0, False), (0, True), *((n, False) for n in smaller), *((n, True) for n in smaller)]
    ways = []
    for chunk, checkpoint in layouts:
        for offload in (False, True):
            wanted = {"chunk": chunk, "checkpoint": checkpoint, "offload": offload}
            left = {k: v for k, v in wanted.items() if getattr(compute, k) == "auto"}
            way = compute.model_copy(update=left)
            if way not in ways:
                ways.append(way)
    return ways


def footprint(pack: ModelPack, recipe: Recipe, size: tuple[int, int]) -> Footprint:
    """Count what a step of a pack holds.

    The network runs without memory (on torch's ``meta`` device) and what it would keep for its gradient is added up. The
    losses run on one grey frame and on two: what the second one adds is that of a frame and of the pair that it makes.

    Args:
        pack: the models.
        recipe: settings.
        size: height and width of the edited region.
    """
    once, largest = _network_bytes(pack.denoiser, size, recompute=False)
    again, _ = _network_bytes(pack.denoiser, size, recompute=True)
    joint, device = pack.joint, next(pack.denoiser.parameters()).device
    towers = []
    if isinstance(joint, ParksTowers) and device.type != "cpu":
        towers = joint.parkable()
    alone = _loss_bytes(pack, recipe, size, 1)
    losses = max(_loss_bytes(pack, recipe, size, 2) - alone, alone)
    # with compute.checkpoint nothing of RAFT is kept, as if the flow were measured beforehand
    measured = recipe.guidance.model_copy(update={"flow_on": "source"})
    without = recipe.model_copy(update={"guidance": measured})
    lean_losses = max(_loss_bytes(pack, without, size, 2) - alone, alone)
    return Footprint(
        once,
        again,
        _WORKING * largest,
        losses,
        # while the flow one way is computed again, its activations are there
        (losses + lean_losses) // 2,
        sum(p.numel() * p.element_size() for tower in towers for p in tower.parameters()),
    )


def free_bytes(device: torch.device) -> int:
    """Memory that is free on a device; for a GPU, what its allocator has reserved and does not use is free too."""
    if device.type == "cuda":
        idle = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + idle
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(
            int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")
        )
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _network_bytes(
    denoiser: UNetDenoiser, size: tuple[int, int], *, recompute: bool
) -> tuple[int, int]:
    """Bytes that the network keeps of one frame, and those of its largest activation."""
    weights = {
        name: torch.empty_like(value, device="meta")
        for name, value in (*denoiser.unet.named_parameters(), *denoiser.unet.named_buffers())
    }
    side = denoiser.unshuffle
    dtype = next(denoiser.unet.parameters()).dtype
    x = torch.empty(1, 3 * side**2, size[0] // side, size[1] // side, device="meta", dtype=dtype)
    told = {}
    if denoiser.condition is not None:
        told["class_labels"] = torch.empty(1, denoiser.time_dim, device="meta", dtype=dtype)
    elif denoiser.num_classes is not None:
        told["class_labels"] = torch.zeros(1, dtype=torch.long, device="meta")
    step = torch.zeros(1, dtype=torch.long, device="meta")
    denoiser.recompute_activations(recompute)
    try:
        with _Kept(weights.values()) as kept:
            torch.func.functional_call(denoiser.unet, weights, (x.requires_grad_(), step), told)
    finally:
        denoiser.recompute_activations(False)
    share = 1.0 if denoiser.autocast is None else _AUTOCAST
    # while a part is computed again, its activations are there beside what is kept
    block = 2 * kept.largest if recompute else 0
    return int(share * (kept.total + block)), int(share * kept.largest)


def _loss_bytes(pack: ModelPack, recipe: Recipe, size: tuple[int, int], count: int) -> int:
    """Bytes that the losses keep of a window of so many frames."""
    device = next(pack.denoiser.parameters()).device
    grey = torch.zeros(count, 3, *size, device=device)
    embeds = torch.eye(count, pack.joint.dim, device=device)
    strength = torch.ones(count, device=device)
    pairs = estimate_pairs(grey, DISFlow())
    inputs = WindowInputs(
        tuple(range(count)), grey, torch.ones_like(grey[:, :1]), embeds, strength, pairs
    )
    x = grey.clone().requires_grad_()
    context = GuidanceContext(
        x=x,
        pred_xstart=x,
        x_in=x,
        t=0,
        num_timesteps=pack.denoiser.schedule.num_timesteps,
        generator=torch.Generator().manual_seed(0),
    )
    terms = guidance_terms(pack, inputs, recipe)
    parameters = [p for module in _modules(pack) for p in module.parameters()]
    with torch.enable_grad(), _Kept(parameters) as kept:
        losses = [weighted.term(context) for weighted in terms]
    del losses
    return kept.total


def _modules(pack: ModelPack) -> list[nn.Module]:
    """Bytes of a pack whose weights are loaded anyway."""
    return [
        m for m in (pack.joint, getattr(pack.flow, "network", None)) if isinstance(m, nn.Module)
    ]


class _Kept:
    """Counts the bytes of all storages that autograd keeps while it is open, but for some tensors'.

    Args:
        apart: tensors that are not counted.
    """

    def __init__(self, apart: Iterable[Tensor]) -> None:
        self._apart = {t.untyped_storage()._cdata for t in apart}
        self._storages: dict[int, torch.UntypedStorage] = {}
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._keep, lambda tensor: tensor)
        self.total = self.largest = 0

    def _keep(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in self._apart:
            self._storages[storage._cdata] = (
                storage  # kept alive, so that its address is not reused
            )
        return tensor

    def __enter__(self) -> _Kept:
        self._hooks.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._hooks.__exit__(*error)
        sizes = [storage.nbytes() for storage in self._storages.values()]
        self.total, self.largest = sum(sizes), max(sizes, default=0)
        self._storages.clear()
