"""The models of a benchmark: only one pack is loaded at a time."""

from __future__ import annotations

from typing import Any

import torch

from soundini.compute import pick_device, pick_dtype
from soundini.config.recipe import ComputeConfig, JointConfig
from soundini.editing.files import load_models
from soundini.editing.methods import weight_hashes
from soundini.editing.request import EditRequest
from soundini.evaluation.report import machine
from soundini.packs.pack import ModelPack


class ModelCache:
    """The models of an edit, on its device and in its dtype; only the last one's stay loaded."""

    def __init__(self) -> None:
        self._opened: tuple[tuple[ComputeConfig, JointConfig], ModelPack] | None = None

    def open(self, request: EditRequest) -> ModelPack:
        """Load them, unless the edit before used the same.

        Raises:
            ModelError: they cannot be loaded.
            ConfigError: there is no such device.
        """
        settings = request.recipe.compute, request.recipe.joint
        if self._opened is None or self._opened[0] != settings:
            self._opened = None
            self._opened = settings, load_models(request)
        return self._opened[1]

    def made_by(self, request: EditRequest) -> dict[str, Any]:
        """What an edit's bytes, seconds and memory depend on besides its settings: figures of other makers do not count."""
        compute = request.recipe.compute
        device = pick_device(compute.device)
        on = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        dtype = str(pick_dtype(compute.dtype, device) or torch.float32)
        weights = weight_hashes(self.open(request), request.recipe)
        return {"weights": weights, "machine": machine(), "device": on, "dtype": dtype}
