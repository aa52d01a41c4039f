"""How models are trained: every setting, declared once."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from soundini.config.section import settings_from
from soundini.errors import ConfigError
from soundini.settings_files import read_yaml


class TrainRecipe(BaseModel):
    """What every training run has."""

    file: ClassVar[str]
    """Where the values stand that come with the package, in ``training/recipes``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch: int = Field(default=32, ge=1)
    """Pictures or clips a step, over all processes together."""
    lr: float = Field(default=2e-4, gt=0)
    """Peak learning rate of AdamW."""
    ema: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the running average that is shipped."""
    seed: int = 0
    """Where data order, noise and all other choices come from."""
    save_every: int = Field(default=250, ge=1)
    """Steps between checkpoints."""


class PictureRecipe(TrainRecipe):
    """What every training on crops of pictures has."""

    steps: int = Field(default=1000, ge=1)
    """Optimiser steps."""
    size: int = Field(default=64, ge=16)
    """Side of the pictures, pixels."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """The prior's arithmetic, see :func:`soundini.compute.pick_dtype`; weights and the optimiser's state are float32."""


class CropRecipe(PictureRecipe):
    """What every training has that chooses its crops by label."""

    weights: dict[str, float] = Field(default_factory=dict)
    """Share of each picture label in a batch."""
    evenness: float = Field(default=0.0, ge=0, le=1)
    """Within a label: 0, every picture is as likely; 1, every source of pictures."""


class PriorRecipe(TrainRecipe):
    """How the diffusion prior is trained."""

    file: ClassVar[str] = "prior.yaml"

    steps: int = Field(default=1000, ge=1)
    """Optimiser steps."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """The prior's arithmetic, see :func:`soundini.compute.pick_dtype`; weights and the optimiser's state are float32."""
    sizes: dict[int, float] = Field(default_factory=lambda: {64: 1.0}, min_length=1)
    """Sides of crops in pixels, and the share of steps with each; ``batch`` crops of the smallest, fewer of larger ones."""
    late: float = Field(default=0.25, ge=0, le=1)
    """Share of the steps, at the end, in which ``late_sizes`` hold."""
    late_sizes: dict[int, float] = Field(default_factory=lambda: {64: 1.0}, min_length=1)
    """Sides of crops in that part."""
    evenness: float = Field(default=0.0, ge=0, le=1)
    """Within a label: 0, every picture is as likely; 1, every source of pictures."""
    warmup: int = Field(default=100, ge=1)
    """Steps over which the learning rate rises."""
    decay: float = Field(default=0.4, ge=0, le=1)
    """Share of the steps, at the end, over which it falls to zero."""
    condition_lr: float = Field(default=5.0, gt=0)
    """Learning rate of the condition's embedding, in units of ``lr``."""
    snr_gamma: float = Field(default=5.0, gt=0)
    """Signal-to-noise ratio from which steps count for less."""
    noisy: float = Field(default=0.0, ge=0, le=4)
    """Exponent of the density of noise levels: 0, all alike; 1, the noisier the more often, where it is decided what a picture
    is of."""
    effect_weight: float = Field(default=3.0, ge=1)
    """Weight of pixels that the effect changes, where others have 1."""
    effects: dict[str, float] = Field(default_factory=dict)
    """Share of each class of effects; empty for :class:`soundini.training.composites.crops.CompositeShares`'s."""


class VqganRecipe(CropRecipe):
    """How the VQGAN of the baseline VQGAN+CLIP is trained: its shape too, where it is begun anew."""

    file: ClassVar[str] = "vqgan.yaml"

    ch: int = Field(default=16, ge=8, multiple_of=8)
    """Channels at full resolution."""
    ch_mult: tuple[int, ...] = Field(default=(1, 3, 6, 8), min_length=1, max_length=6)
    """Factor on them of each level, the finest first; each halves the sides of the one before."""
    num_res_blocks: int = Field(default=1, ge=1, le=4)
    """Residual blocks of a level."""
    embed_dim: int = Field(default=8, ge=2, le=256)
    """Numbers of a code."""
    n_embed: int = Field(default=1024, ge=2, le=65536)
    """Codes."""
    min_crop: int = Field(default=96, ge=8)
    """Smallest crop taken from a picture, pixels; the largest is its short side."""
    warmup: int = Field(default=50, ge=1)
    """Steps over which the learning rate rises."""
    decay: float = Field(default=0.4, ge=0, le=1)
    """Share of the steps, at the end, over which it falls to zero; no dead code is revived in it."""
    perceptual: float = Field(default=0.5, ge=0)
    """Weight of the perceptual distance, where L1 has 1."""
    colour: float = Field(default=0.3, ge=0)
    """Weight of the distance of mean colours."""
    codebook: float = Field(default=1.0, ge=0)
    """Weight of the codebook's loss."""
    commitment: float = Field(default=0.25, ge=0)
    """Weight of the commitment loss in it (beta)."""
    adversarial: float = Field(default=0.5, ge=0)
    """Weight of the discriminator, on top of the balance of gradients."""
    quantise_from: int = Field(default=150, ge=0)
    """Step at which latents are quantised: codes that enter where latents have spread already do not collapse onto a few."""
    discriminator_from: int = Field(default=600, ge=0)
    """Step at which the discriminator enters."""
    discriminator_rise: int = Field(default=200, ge=1)
    """Steps over which its weight rises; it learns meanwhile."""
    discriminator_lr: float = Field(default=1.0, gt=0)
    """Its learning rate, in units of ``lr``."""
    discriminator_width: int = Field(default=24, ge=8, multiple_of=8)
    """Channels of its first layer."""


class JointRecipe(PictureRecipe):
    """How the joint space is trained: first the sound tower, then the image tower against it."""

    file: ClassVar[str] = "joint.yaml"

    steps: int = Field(default=900, ge=0)
    """Optimiser steps of the image tower; 0 leaves it as it is."""
    sound_steps: int = Field(default=0, ge=0)
    """Optimiser steps of the sound tower; 0 leaves it as it is, or as the teacher where there is one."""
    sound_batch: int = Field(default=32, ge=2)
    """Windows of sound a step; each is heard plain and blanked in part."""
    sound_lr: float = Field(default=5e-4, gt=0)
    """Peak learning rate of the sound head; the network below it takes a third."""
    self_pairs: float = Field(default=0.1, ge=0)
    """Weight of the contrast between two masked views of one window."""
    teacher: float = Field(default=1.0, ge=0)
    """Weight of the distance of the sound network's features from the teacher's, where there is one."""
    tau: float = Field(default=1.0, ge=0, le=1)
    """How far the image tower's loss makes up for "none" being common: 0, not; 1, wholly."""
    denoised: int = Field(default=8, ge=0)
    """Pictures a step that the prior denoises; the others are softened to look like that."""
    attack: float = Field(default=0.008, ge=0)
    """Largest root-mean-square of the adversarial perturbation, for pixels in [-1, 1]."""
    attacked: float = Field(default=0.5, ge=0, le=1)
    """Share of the pictures that are perturbed."""
    head_batches: int = Field(default=80, ge=0)
    """Batches by which the trained image tower's last layer is fitted anew, as a linear probe; 0 leaves it as trained."""
    neutral: float = Field(default=0.5, gt=0)
    """Importance of "none" in that fit, where every other class has 1."""
    rounds: int = Field(default=1, ge=0)
    """How often the trained tower is attacked by guidance and trained on with what that drew."""
    round_steps: int = Field(default=200, ge=1)
    """Optimiser steps of a round."""
    round_batches: int = Field(default=12, ge=1)
    """Batches of 16 guided pictures that a round makes."""
    relearned: float = Field(default=0.25, ge=0, le=1)
    """Share of guided pictures in a round's batches."""

    def round(self, number: int) -> JointRecipe:
        """The settings of a round: the first, 0, is the training before any attack."""
        if number == 0:
            return self
        changed = {"steps": self.round_steps, "lr": 0.5 * self.lr, "seed": self.seed + number}
        return self.model_copy(update=changed)


class SoundEncoderRecipe(TrainRecipe):
    """How the paper's sound encoder is trained.

    Defaults are those published for the paper's line, where they are known; ``half_cycle``, ``temperature``,
    ``self_weight`` and ``ema`` are not, and are ours.
    """

    file: ClassVar[str] = "sound-encoder.yaml"

    epochs: int = Field(default=50, ge=1)
    """Times every clip is heard."""
    batch: int = Field(default=320, ge=2)
    """Clips a step, over all processes together."""
    lr: float = Field(default=1e-3, gt=0)
    """Lowest learning rate of SGD."""
    max_lr: float = Field(default=0.1, gt=0)
    """Highest learning rate; it swings between the two along straight lines."""
    half_cycle: int = Field(default=2000, ge=1)
    """Steps from the lowest to the highest."""
    momentum: float = Field(default=0.9, gt=0, lt=1)
    """Momentum of SGD."""
    weight_decay: float = Field(default=5e-4, ge=0)
    """Of the encoder; the two learned scales do not decay."""
    temperature: float = Field(default=0.07, gt=0)
    """Of the pairs of a sound with itself, which have no learned scale."""
    self_weight: float = Field(default=1.0, ge=0)
    """Weight of those pairs, where the two other losses weigh 1."""
    masks: int = Field(default=2, ge=0)
    """Bands of frequency, and as many spans of time, that SpecAugment blanks."""
    max_frequency: float = Field(default=0.15, ge=0, le=1)
    """Widest band, share of the mel bands."""
    max_time: float = Field(default=0.3, ge=0, le=1)
    """Longest span, share of the window."""
    loaders: int = Field(default=0, ge=0)
    """Processes that read clips, for each process that trains; 0 reads in the training process."""


RecipeT = TypeVar("RecipeT", bound=TrainRecipe)


def load_train_recipe(model: type[RecipeT], path: Path | None = None) -> RecipeT:
    """Read a YAML recipe; None for the one inside the package.

    Raises:
        ConfigError: the file cannot be read, or holds something else.
    """
    entry = path or resources.files("soundini.training") / "recipes" / model.file
    try:
        content = read_yaml(Path(str(entry)))
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            "cannot read the recipe {file}: {why}; name a YAML file", file=entry, why=reason
        ) from None
    return settings_from(content, model)
