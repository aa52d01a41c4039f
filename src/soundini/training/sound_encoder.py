"""Training of the paper's sound encoder: a Swin transformer, contrastively, into the space of a frozen CLIP."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from soundini.errors import ConfigError
from soundini.joint.swin import SwinSoundEncoder
from soundini.training.clip_targets import ClipTargets
from soundini.training.distributed import Workers
from soundini.training.events import CheckpointSaved, TrainStep
from soundini.training.recipe import SoundEncoderRecipe
from soundini.training.sound_windows import SoundWindows, blank_parts, load_batches
from soundini.training.trainer import Trainer

FIRST_SCALE = math.log(1 / 0.07)
LARGEST_SCALE = math.log(100)
"""CLIP's own start and bound of a learned scale (Radford et al. 2021, section 2.5)."""


def new_encoder(seed: int) -> SwinSoundEncoder:
    """The network of the checkpoint with random weights, the same for the same seed.

    Args:
        seed: of the weights.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # within fork_rng: the network draws from the global random state
        return prepare(SwinSoundEncoder())


def prepare(encoder: SwinSoundEncoder) -> SwinSoundEncoder:
    """Make an encoder ready to be trained, in place: all of it learns, and its scales start as CLIP's.

    It is in evaluation mode: a Swin has no batch statistics, and timm's stochastic depth would draw from the global random
    state, so that neither a resumed run nor one of several processes would go as a single one.
    """
    with torch.no_grad():
        encoder.logit_scale_ai.fill_(FIRST_SCALE)
        encoder.logit_scale_at.fill_(FIRST_SCALE)
    return encoder.eval().requires_grad_(True)


@dataclass(frozen=True)
class ContrastiveLosses:
    """The parts of the loss, each a scalar.

    Args:
        image: symmetric InfoNCE of sounds and pictures.
        text: of sounds and labels. Clips of one label are each other's negatives, as any two clips are.
        twins: of sounds and their blanked twins.
    """

    image: Tensor
    text: Tensor
    twins: Tensor

    def total(self, self_weight: float) -> Tensor:
        """L = L_image + L_text + self_weight L_twins."""
        return self.image + self.text + self_weight * self.twins


def info_nce(a: Tensor, b: Tensor, scale: Tensor | float) -> Tensor:
    """Symmetric InfoNCE: the mean of the cross-entropies of either side's choice among the other's.

    L = 1/2 (CE(s a b^T, i) + CE(s b a^T, i)), with unit a, b (Radford et al. 2021, figure 3).

    Args:
        a: embeddings of any length.
        b: their partners.
        scale: inverse temperature s.

    Shape:
        ``a``, ``b``: ``[B, D]``; returns a scalar.
    """
    logits = scale * F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T
    own = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def contrastive_losses(
    encoder: SwinSoundEncoder,
    sounds: Tensor,
    twins: Tensor,
    image: Tensor,
    text: Tensor,
    temperature: float,
) -> ContrastiveLosses:
    """Compare the embeddings of a whole batch, of all processes together.

    Args:
        encoder: whose scales are used.
        sounds: embeddings of the sounds.
        twins: of the same under SpecAugment.
        image: CLIP's embeddings of the pictures.
        text: CLIP's embeddings of the labels.
        temperature: of sounds against twins.

    Shape:
        all embeddings: ``[B, D]``.
    """
    return ContrastiveLosses(
        info_nce(sounds, image, encoder.logit_scale_ai.exp()),
        info_nce(sounds, text, encoder.logit_scale_at.exp()),
        info_nce(sounds, twins, 1 / temperature),
    )


def train_sound_encoder(
    encoder: SwinSoundEncoder,
    targets: ClipTargets,
    recipe: SoundEncoderRecipe,
    folder: Path,
    workers: Workers = Workers(),  # noqa: B008 -- frozen
    *,
    autocast: torch.dtype | None = None,
) -> Iterator[TrainStep | CheckpointSaved]:
    """Train the encoder and keep its running average, yielding after every step; resumes from ``folder``.

    Which clips are in step k and what is blanked in them depends on (seed, k) alone. Embeddings of all processes are
    gathered before they are compared, so that the same batch gives the same loss however many share it.

    Args:
        encoder: what is trained, where it lies; see :func:`prepare`.
        targets: clips, and CLIP's embeddings of them.
        recipe: settings.
        folder: where ``last.safetensors`` is kept.
        workers: the processes that share the work.
        autocast: arithmetic of the encoder: None for float32; losses are always taken in float32.

    Yields:
        :class:`TrainStep` after every step, :class:`CheckpointSaved` with every save.

    Raises:
        ConfigError: the batch is larger than the set, or does not divide among the processes; or ``folder`` holds
            a run of another network.
        MediaError: a clip went missing while it was trained on.
    """
    total = recipe.epochs * steps_an_epoch(len(targets.clips), recipe, workers)
    device = encoder.logit_scale_ai.device
    groups = _parameter_groups(encoder, recipe.weight_decay)
    trainer = Trainer(
        encoder,
        torch.optim.SGD(groups, 1.0, recipe.momentum),  # cyclic_lr gives the whole rate
        recipe,
        folder,
        total,
        workers,
        max_norm=None,
        after_step=partial(_bound_scales, encoder),
    )
    batches = load_batches(
        SoundWindows([files.sound for files in targets.clips]),
        recipe,
        range(trainer.done, total),
        workers,
    )
    for step, (windows, clips) in enumerate(batches, trainer.done):
        heard = torch.cat([windows, blank_parts(windows, recipe, step, workers)]).to(device)
        with torch.autocast(device.type, autocast, enabled=autocast is not None):
            embeds = encoder(heard)
        sounds, twins = (workers.gather(part) for part in embeds.float().chunk(2))
        seen, named = (workers.gather(t[clips].to(device)) for t in (targets.image, targets.text))
        parts = contrastive_losses(encoder, sounds, twins, seen, named, recipe.temperature)
        loss = parts.total(recipe.self_weight)
        lr = cyclic_lr(step, recipe)
        yield from trainer.learn(step, loss, lr, _figures(encoder, parts, lr))


def steps_an_epoch(clips: int, recipe: SoundEncoderRecipe, workers: Workers) -> int:
    """How many whole batches there are in a set.

    Raises:
        ConfigError: none, or the batch does not divide among the processes.
    """
    workers.check(recipe.batch)
    if clips < recipe.batch:
        raise ConfigError(
            "batch={batch} is more than the {clips} clips there are; lower it",
            batch=recipe.batch,
            clips=clips,
        )
    return clips // recipe.batch


def cyclic_lr(step: int, recipe: SoundEncoderRecipe) -> float:
    """Learning rate of a step: from ``lr`` to ``max_lr`` and back along straight lines (Smith 2017, arXiv 1506.01186)."""
    phase = step / recipe.half_cycle % 2
    return recipe.lr + (recipe.max_lr - recipe.lr) * (1 - abs(1 - phase))


def _parameter_groups(encoder: SwinSoundEncoder, weight_decay: float) -> list[dict[str, Any]]:
    scales = [encoder.logit_scale_ai, encoder.logit_scale_at]
    return [
        {"params": list(encoder.feature_extractor.parameters()), "weight_decay": weight_decay},
        {"params": scales, "weight_decay": 0.0},
    ]


@torch.no_grad()
def _bound_scales(encoder: SwinSoundEncoder) -> None:
    for scale in (encoder.logit_scale_ai, encoder.logit_scale_at):
        scale.clamp_(max=LARGEST_SCALE)


def _figures(encoder: SwinSoundEncoder, parts: ContrastiveLosses, lr: float) -> dict[str, Tensor]:
    return {
        "sound_image": parts.image,
        "sound_text": parts.text,
        "sound_sound": parts.twins,
        "scale_ai": encoder.logit_scale_ai.exp(),
        "scale_at": encoder.logit_scale_at.exp(),
        "lr": torch.tensor(lr),
    }
