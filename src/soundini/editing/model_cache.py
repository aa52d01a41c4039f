"""Model packs that several edits share; each is loaded once."""

from __future__ import annotations

from soundini.config.recipe import ComputeConfig, JointConfig
from soundini.editing.files import load_models
from soundini.editing.request import EditRequest
from soundini.packs.pack import ModelPack


class ModelCache:
    """Keeps the packs that edits asked for, each on its device and in its dtype.

    Args:
        only_last: keep the last pack alone, where memory has no room for two.
    """

    def __init__(self, *, only_last: bool = False) -> None:
        self._only_last = only_last
        self._packs: dict[tuple[str, ComputeConfig, JointConfig], ModelPack] = {}

    def open(self, request: EditRequest) -> ModelPack:
        """Return the models of an edit; load them if they are not here.

        Raises:
            ModelError: they cannot be loaded.
            ConfigError: there is no such device.
        """
        # Neither the memory bound nor the chunk changes what is loaded.
        compute = request.recipe.compute.model_copy(update={"memory": "", "chunk": 0})
        key = request.models, compute, request.recipe.joint
        if key not in self._packs:
            if self._only_last:
                self._packs.clear()
            self._packs[key] = load_models(request)
        return self._packs[key]
