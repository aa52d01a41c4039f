"""``soundini train sound-encoder``: the paper's sound encoder, against a frozen CLIP."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from soundini.cli.train.options import RunOptions
from soundini.cli.train.watch import watch
from soundini.errors import ConfigError

if TYPE_CHECKING:
    from soundini.training.clip_targets import ClipTargets
    from soundini.training.distributed import Workers
    from soundini.training.recipe import SoundEncoderRecipe

MANIFEST = "vggsound.csv"
NAMED = 5
"""How many of the clips that are left out are told by name."""


@dataclass(frozen=True, kw_only=True)
class TrainSoundEncoder(RunOptions):
    """Train the paper's sound encoder on VGG-Sound, and write a checkpoint for: soundini weights import FILE.

    Several processes share a run: torchrun --nproc-per-node 8 -m -- soundini train sound-encoder ...
    """

    data: Positional[Annotated[Path, arg(metavar="CLIPS")]]
    """A folder of clips named as VGG-Sound downloads are, such as ---g-f_I2yQ_000001.mp4."""
    output: Annotated[Path, arg(metavar="FILE.safetensors", aliases=("-o",))]
    """The checkpoint."""
    manifest: Annotated[Path | None, arg(metavar="CSV")] = None
    """VGG-Sound's list of clips; without one, vggsound.csv in CLIPS."""
    clip: Literal["clip_vit_b32", "clip_vit_b16"] = "clip_vit_b32"
    """The frozen CLIP, as imported."""
    cache: Annotated[Path | None, arg(metavar="FOLDER")] = None
    """Where embeddings of CLIP are kept; without one, beside the weights."""
    recipe: Annotated[Path | None, arg(metavar="YAML")] = None
    """Settings of the training; without one, those published for the paper's line."""
    device: Annotated[str, arg(metavar="NAME")] = "auto"
    """Such as cpu or cuda."""

    def run(self) -> int:
        """Train to the end, or on from where it was left."""
        from soundini.compute import pick_device, pick_dtype
        from soundini.config.presets import override
        from soundini.training.distributed import Workers
        from soundini.training.recipe import SoundEncoderRecipe, load_train_recipe
        from soundini.training.sound_encoder import new_encoder, train_sound_encoder

        if self.output.suffix != ".safetensors":
            raise ConfigError("{output} must end in .safetensors; name it so", output=self.output)
        recipe = override(load_train_recipe(SoundEncoderRecipe, self.recipe), self.set)
        workers = Workers.join()
        device = pick_device(self.device)
        targets = self._targets(recipe, workers)
        events = train_sound_encoder(
            new_encoder(recipe.seed).to(device),
            targets,
            recipe,
            self.run_folder,
            workers,
            autocast=pick_dtype("auto", device),
        )
        watch(events, self.run_folder, "sound encoder", quiet=not workers.first)
        if workers.first:
            self._write()
        workers.leave()
        return 0

    def _targets(self, recipe: SoundEncoderRecipe, workers: Workers) -> ClipTargets:
        """What CLIP says of the clips, computed where it is not known yet."""
        from soundini.compute import pick_device
        from soundini.joint.clip import ClipTowers
        from soundini.state_files import read_state
        from soundini.training.clip_targets import ClipTargetCache
        from soundini.training.vggsound import find_files, read_manifest
        from soundini.weights.inventory import ready_weights
        from soundini.weights.store import home_folder, sha256

        found, missing = find_files(read_manifest(self.manifest or self.data / MANIFEST), self.data)
        weights = ready_weights(self.clip)
        towers = ClipTowers(read_state(weights)).to(pick_device(self.device))
        folder = self.cache or home_folder() / "clip_targets"
        cache = ClipTargetCache(folder, towers, sha256(weights))
        seen = cache.fill(found, workers, threads=recipe.loaders)
        watch(seen, self.run_folder, "sound encoder", quiet=not workers.first)
        targets = cache.read(found)
        if workers.first:
            _tell_left_out([clip.stem for clip in missing], targets.damaged)
        return targets

    def _write(self) -> None:
        """Write the running average under the names of the published checkpoint."""
        from soundini.training.trainer import load_average
        from soundini.weights.reading import NOTE
        from soundini.weights.writing import write_safetensors

        state = load_average(self.run_folder)
        entries = {name: (tuple(value.shape), value.dtype) for name, value in state.items()}
        note = {NOTE: "trained by soundini train sound-encoder"}
        print(write_safetensors(self.output, entries, state.items(), note))


def _tell_left_out(missing: Sequence[str], damaged: Mapping[str, str]) -> None:
    """Say on one line which clips are not trained on."""
    parts = []
    if missing:
        parts.append(f"{len(missing)} missing ({_some(list(missing))})")
    if damaged:
        reasons = list(damaged.values())
        parts.append(f"{len(damaged)} damaged ({_some(list(damaged))}; the first: {reasons[0]})")
    if parts:
        print(f"soundini: clips left out: {', '.join(parts)}", file=sys.stderr)


def _some(names: list[str]) -> str:
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    return ", ".join(names[:NAMED] + more)
