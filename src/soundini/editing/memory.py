"""The memory of an edit: measured, brought down to a given amount, and traded for time."""

import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from soundini.compute import return_memory
from soundini.config.recipe import Recipe
from soundini.config.written import parse_bytes
from soundini.errors import ConfigError, Option
from soundini.flow.protocol import FlowEstimator
from soundini.flow.raft import RAFTFlow
from soundini.joint.protocol import ParksTowers
from soundini.packs.pack import ModelPack

_MIB = 2**20
_FORGET, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")
_MARGIN = 0.9
"""Share of the allowed memory that is planned with: allocators leave gaps."""
_CODEC_FRAMES = 80
"""Frames that decoder and encoder hold, at 1.5 bytes a pixel; x264 looks 40 ahead."""


@dataclass(frozen=True)
class MemoryModel:
    """Peak memory in bytes, linear in the frames of a window and in those that pass the network at once.

    Args:
        base: what there is without any frame: the models, the program, the codecs.
        frame: of each sampled frame of a window, and those up to the next.
        passed: of each frame that passes the network at once.
    """

    base: float
    frame: float
    passed: float

    def peak(self, frames: int, chunk: int = 0) -> float:
        """Peak of windows of so many sampled frames; ``chunk`` as in :class:`~soundini.config.recipe.ComputeConfig`."""
        return self.base + self.frame * frames + self.passed * min(chunk or frames, frames)


def model_memory(
    peak_of: Callable[[int, int], float], longest: int, frame_size: tuple[int, int]
) -> MemoryModel:
    """Measure a few short windows and take the rest from there.

    Args:
        peak_of: peak in bytes of a step of so many frames in chunks of so many.
        longest: frames that there are to measure with; three are enough.
        frame_size: height and width of the video.
    """
    codecs = _CODEC_FRAMES * 1.5 * frame_size[0] * frame_size[1]
    more = min(3, longest)
    one = peak_of(1, 1)
    if more == 1:
        return MemoryModel(one + codecs, 0.0, 0.0)
    apart, together = peak_of(more, 1), peak_of(more, more)
    frame = max(0.0, (apart - one) / (more - 1))
    passed = max(0.0, (together - apart) / (more - 1))
    return MemoryModel(
        max(one, apart - frame * (more - 1)) - frame - passed + codecs, frame, passed
    )


def fit_windows(recipe: Recipe, model: MemoryModel) -> Recipe:
    """Settings whose windows fit into ``compute.memory``, which they no longer name: they can be done again anywhere.

    Frames pass the network in smaller chunks first, which costs time alone; then windows grow shorter.

    Args:
        recipe: with a ``compute.memory``.
        model: what a window takes.

    Raises:
        ConfigError: even the shortest windows do not fit.
    """
    budget = parse_bytes(recipe.compute.memory) * _MARGIN
    longest, shortest = recipe.window.frames, max(1, 2 * recipe.window.overlap)
    widest = min(recipe.compute.frames_at_once or longest, longest)
    choices = [(longest, chunk) for chunk in range(widest, 0, -1)]
    choices += [(frames, 1) for frames in range(longest - 1, shortest - 1, -1)]
    for frames, chunk in choices:
        if model.peak(frames, chunk) <= budget:
            break
    else:
        least = model.peak(shortest, 1) / _MARGIN / _MIB
        raise ConfigError(
            "this edit takes about {amount:.0f} MiB at the least, more than {memory}; allow more "
            "with {option}, or lower region.size",
            amount=least,
            memory=recipe.compute.memory,
            option=Option("compute.memory"),
        )
    asked = 0 if chunk == longest else chunk
    window = recipe.window.model_copy(update={"frames": frames})
    compute = recipe.compute.model_copy(update={"memory": "", "chunk": asked})
    return recipe.model_copy(update={"window": window, "compute": compute})


def watch_peak() -> Callable[[], int]:
    """Begin to measure; call the result for the peak in bytes since then: of the GPU where it is used, else of the process.

    Where the system cannot begin anew (not Linux), it is the peak since the process began.
    """
    return_memory()
    if torch.cuda.is_available() and torch.cuda.memory_allocated():
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.max_memory_allocated
    if reset_high_water():
        return lambda: high_water() or _peak_of_process()
    return _peak_of_process


def reset_high_water() -> bool:
    """Set the high-water mark of this process's resident memory back to what is resident; False where the system cannot."""
    try:
        _FORGET.write_text("5")
    except OSError:
        return False
    return True


def high_water() -> int | None:
    """The kernel's high-water mark of this process's resident memory (``VmHWM``, Linux), in bytes; None where it keeps none."""
    for line in _STATUS.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None


def _peak_of_process() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@dataclass(frozen=True)
class RecomputedFlow:
    """A flow estimator that keeps nothing for the backward pass and estimates the flow again there.

    Args:
        flow: the estimator.
    """

    flow: FlowEstimator

    @property
    def differentiable(self) -> bool:
        """The estimator's own."""
        return self.flow.differentiable

    def __call__(self, frames_a: Tensor, frames_b: Tensor) -> Tensor:
        """See :class:`soundini.flow.protocol.FlowEstimator`."""
        return checkpoint(self.flow, frames_a, frames_b, use_reentrant=False)  # type: ignore[return-value]


def arrange(pack: ModelPack, recipe: Recipe) -> None:
    """Set the pack's models up as ``recipe.compute`` says; a second call changes nothing.

    Args:
        pack: the models.
        recipe: settings.

    Raises:
        ConfigError: the recipe names a class that the denoiser does not know.
    """
    label, classes = recipe.sampling.class_label, pack.denoiser.num_classes
    if classes is not None and label != "random" and label >= classes:
        raise ConfigError(
            "sampling.class_label is {label}, but {models} knows classes 0 to {last}; use one of "
            "them, or random",
            label=label,
            models=pack.name,
            last=classes - 1,
        )
    pack.denoiser.recompute_activations(recipe.compute.recomputes)
    if recipe.compute.compile:
        pack.denoiser.compile_network()
    if recipe.compute.parks:
        if isinstance(pack.joint, ParksTowers):
            pack.joint.park()
        if isinstance(pack.flow, RAFTFlow) and recipe.guidance.flow_on == "source":
            pack.flow.to("cpu")  # it follows its frames when the next window asks


def flow_of(pack: ModelPack, recipe: Recipe) -> FlowEstimator:
    """The flow estimator that guidance uses."""
    return RecomputedFlow(pack.flow) if recipe.compute.recomputes else pack.flow
