"""Weights of I3D as others publish them, under the names of one layout."""

import re
from pathlib import Path

from torch import Tensor

from soundini.errors import ModelError
from soundini.weights.reading import Layout, check_layout, read_checkpoint, strip_prefix

_RENAMED = (
    (re.compile(r"^conv3d_0c_1x1\."), "logits."),
    (re.compile(r"^conv3d_"), "Conv3d_"),
    (re.compile(r"^mixed_"), "Mixed_"),
    (re.compile(r"\.branch_0\."), ".b0."),
    (re.compile(r"\.branch_([12])\.0\."), r".b\1a."),
    (re.compile(r"\.branch_([12])\.1\."), r".b\1b."),
    (re.compile(r"\.branch_3\.1\."), ".b3b."),
    (re.compile(r"\.batch3d\."), ".bn."),
)
"""From the names of kinetics_i3d_pytorch to those of pytorch-i3d."""

_COUNTER = ".num_batches_tracked"


def read_i3d(path: Path, layout: Layout) -> dict[str, Tensor]:
    """Read an I3D that was trained on Kinetics-400: a state dict or a TorchScript archive, whose code is not run.

    Known are the layouts of pytorch-i3d (``rgb_imagenet.pt``, ``i3d_pretrained_400.pt``) and of kinetics_i3d_pytorch
    (``model_rgb.pth``). Of a TorchScript archive the tensors alone are read, see :mod:`soundini.weights.torchscript`; it
    must have the names of one of these.

    Args:
        path: the file.
        layout: key and shape of every tensor of :class:`soundini.metrics.i3d.I3D`.

    Returns:
        The tensors of ``layout``.

    Raises:
        ModelError: the file cannot be read, or is of another network or layout.
    """
    state: dict[str, Tensor] = {}
    for key, value in strip_prefix(read_checkpoint(path)).items():
        for pattern, name in _RENAMED:
            key = pattern.sub(name, key)
        state[key] = value
    kept = {key: value for key, value in state.items() if not key.endswith(_COUNTER)}
    try:
        check_layout(kept, layout, "I3D, of Kinetics-400")
    except ModelError as error:
        raise ModelError("{file}: {why}", file=path, why=error) from None
    return kept
