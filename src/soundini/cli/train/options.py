"""Options of every ``soundini train`` command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, UseAppendAction, arg

from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.joint.embedded import EmbeddedJointSpace
    from soundini.packs.pack import ModelPack


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The folder of a run and its settings."""

    run_folder: Annotated[Path, arg(name="run", metavar="FOLDER")]
    """Folder of checkpoints, samples and logs; an interrupted run goes on from there."""
    recipe: Annotated[Path | None, arg(metavar="YAML")] = None
    """A YAML file of settings; by default the settings of the shipped weights."""
    set: Annotated[UseAppendAction[tuple[str, ...]], arg(metavar="NAME=VALUE")] = ()
    """A setting of the recipe, such as steps=200."""


@dataclass(frozen=True, kw_only=True)
class PackOptions(RunOptions):
    """Training of a part of a model pack."""

    data: Positional[Annotated[Path, arg(metavar="DATA")]]
    """A folder with images.csv and sounds.csv (columns path and label)."""
    output: Annotated[Path, arg(metavar="PACK", aliases=("-o",))]
    """The pack's folder."""
    start: Annotated[str, arg(metavar="PACK")] = "embedded"
    """The pack whose weights are trained further."""

    def load_start(self, dtype: str) -> tuple[ModelPack, EmbeddedJointSpace]:
        """Load the pack to start from, and its joint space.

        Args:
            dtype: of the prior's arithmetic, as the recipe names it.

        Raises:
            ConfigError: its joint space is of another kind than the embedded one.
            ModelError: it is missing or damaged.
        """
        from soundini.compute import pick_device, pick_dtype
        from soundini.joint.embedded import EmbeddedJointSpace
        from soundini.packs.loading import load_pack

        pack = load_pack(self.start, dtype=pick_dtype(dtype, pick_device("cpu")))
        if not isinstance(pack.joint, EmbeddedJointSpace):
            raise ConfigError(
                "{start} has no embedded joint space; use --start embedded", start=self.start
            )
        return pack, pack.joint
