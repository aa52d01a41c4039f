"""The models of a batch: each loaded once."""

from __future__ import annotations

from soundini.config.recipe import ComputeConfig, JointConfig
from soundini.editing.files import load_models
from soundini.editing.request import EditRequest
from soundini.packs.pack import ModelPack


class Models:
    """Keeps every pack that was asked for, on its device and in its arithmetic."""

    def __init__(self) -> None:
        self._packs: dict[tuple[str, ComputeConfig, JointConfig], ModelPack] = {}

    def open(self, request: EditRequest) -> ModelPack:
        """The models of an edit.

        Raises:
            ModelError: they cannot be loaded.
            ConfigError: there is no such device.
        """
        # Settings that set a pack up apart; how many frames pass it at once is none of them.
        compute = request.recipe.compute.model_copy(update={"memory": "", "chunk": 0})
        key = request.models, compute, request.recipe.joint
        if key not in self._packs:
            self._packs[key] = load_models(request)
        return self._packs[key]
