"""RAFT as its authors published it, and as torchvision names it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from soundini.errors import ModelError
from soundini.weights.layout import Shape, check_layout, layout_of, strip_prefix

# (in the authors' file, in torchvision's), applied in this order
_RULES = (
    (r"^fnet\.", "feature_encoder."),
    (r"^cnet\.", "context_encoder."),
    (r"_encoder\.conv1\.", "_encoder.convnormrelu.0."),
    (r"_encoder\.norm1\.", "_encoder.convnormrelu.1."),
    (r"_encoder\.conv2\.", "_encoder.conv."),
    (r"(layer\d\.\d)\.conv(\d)\.", r"\1.convnormrelu\2.0."),
    (r"(layer\d\.\d)\.norm([12])\.", r"\1.convnormrelu\2.1."),
    (r"^update_block\.encoder\.conv([cf])([12])\.", r"update_block.motion_encoder.conv\1\2.0."),
    (r"motion_encoder\.convc", "motion_encoder.convcorr"),
    (r"motion_encoder\.convf", "motion_encoder.convflow"),
    (r"^update_block\.encoder\.conv\.", "update_block.motion_encoder.conv.0."),
    (r"^update_block\.gru\.conv([zrq])([12])\.", r"update_block.recurrent_block.convgru\2.conv\1."),
    (r"^update_block\.mask\.0\.", "mask_predictor.convrelu.0."),
    (r"^update_block\.mask\.2\.", "mask_predictor.conv."),
)
_NORM3 = re.compile(r"(layer\d\.\d)\.norm3\.")


def princeton_to_torchvision(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the authors' RAFT for torchvision's ``raft_large``; torchvision's own names pass.

    The authors' file holds the norm of every strided block twice, as ``norm3`` and as
    ``downsample.1``; one of them is kept.

    Args:
        state: ``raft-things.pth`` and its like; the keys may carry ``module.``.

    Raises:
        ModelError: keys are missing, unknown, or of another shape, or the two norms differ.
    """
    weights = strip_prefix(state)
    if "fnet.conv1.weight" in weights:
        _check_twins(weights)
        weights = {_renamed(k): v for k, v in weights.items() if not _NORM3.search(k)}
    check_layout(weights, torchvision_layout(), "RAFT")
    return weights


def torchvision_layout() -> dict[str, Shape]:
    """List the weights of torchvision's ``raft_large``; takes no memory."""
    from torchvision.models.optical_flow import raft_large

    with torch.device("meta"):
        return layout_of(raft_large(weights=None).state_dict())


def _renamed(key: str) -> str:
    for pattern, replacement in _RULES:
        key = re.sub(pattern, replacement, key)
    return key


def _check_twins(weights: Mapping[str, Tensor]) -> None:
    for key, value in weights.items():
        twin = _NORM3.sub(r"\1.downsample.1.", key)
        if twin != key and twin in weights and not torch.equal(value, weights[twin]):
            raise ModelError(
                "RAFT's {key} and {twin} should be one tensor and differ; fetch the file again",
                key=key,
                twin=twin,
            )
