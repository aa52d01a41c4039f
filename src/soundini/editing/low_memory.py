"""The recipe's switches that trade time for memory, applied to loaded models."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.utils.checkpoint import checkpoint

from soundini.config.recipe import Recipe
from soundini.errors import ConfigError
from soundini.flow.protocol import FlowEstimator
from soundini.flow.raft import RAFTFlow
from soundini.joint.protocol import ParksTowers
from soundini.packs.pack import ModelPack


@dataclass(frozen=True)
class RecomputedFlow:
    """A flow estimator that keeps nothing for the backward pass and estimates the flow again there.

    Args:
        flow: the estimator.
    """

    flow: FlowEstimator

    @property
    def name(self) -> str:
        """The estimator's own."""
        return self.flow.name

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
