"""The six files of a pack of the paper, in tiny: published names and layouts, random weights; and edits by them."""

from functools import partial
from pathlib import Path

import torch

from soundini.config.presets import load_preset, override
from soundini.config.recipe import Recipe
from soundini.diffusion.adm import AdmConfig
from soundini.diffusion.sampling import SamplingStep
from soundini.editing.window import WindowInputs, sample_window
from soundini.packs.pack import ModelPack
from soundini.weights import importing
from soundini.weights.formats import (
    FORMATS,
    clip_format,
    guided_format,
    recognise,
    vipant_format,
)
from soundini.weights.importing import import_folder
from soundini.weights.vision import ClipConfig
from soundini.weights.writing import random_tensors

UNET = AdmConfig((32, 64), (1,), model_channels=32, sample_size=32)
UNET_COND = AdmConfig((32, 64), (1,), model_channels=64, num_classes=7, sample_size=32)
UNET_512 = AdmConfig((32, 64), (1,), model_channels=64, sample_size=32)
CLIP = ClipConfig(patch=8, image_size=32, width=64, layers=2, text_width=64, text_layers=2, dim=512)
_TINY = {
    "guided_256_uncond": guided_format("guided_256_uncond", UNET),
    "guided_512_cond": guided_format("guided_512_cond", UNET_COND),
    "guided_512_uncond": guided_format("guided_512_uncond", UNET_512),
    "clip_vit_b32": clip_format("clip_vit_b32", CLIP),
    "vipant_audio": vipant_format(64, 1),
}
TINY_FORMATS = tuple(_TINY.get(known.name, known) for known in FORMATS)
PUBLISHED = {
    "256x256_diffusion_uncond.pt": "guided_256_uncond",
    "512x512_diffusion.pt": "guided_512_cond",
    "512x512_diffusion_uncond_finetune_008100.pt": "guided_512_uncond",
    "ViT-B-32.pt": "clip_vit_b32",
    "resnet18.pth": "resnet18_audio",
    "raft_large_C_T_V1-22a6c225.pth": "raft_large",
    "vgg16-397923af.pth": "vgg16",
    "vgg.pth": "lpips_vgg_lins",
}
SIX = [name for name in PUBLISHED.values() if not name.startswith("guided_512")]
"""What paper-256 needs."""


def write_published(folder: Path, *left_out: str) -> Path:
    """Write what would be downloaded."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {f.name: f for f in TINY_FORMATS}
    for file, name in PUBLISHED.items():
        if name not in left_out:
            torch.save(dict(random_tensors(known[name].layout())), folder / file)
    return folder


def import_tiny(folder: Path, home: Path) -> Path:
    """Convert them, as ``soundini weights import`` does with the real ones."""
    list(import_folder(folder, home, TINY_FORMATS))
    return home


def accept_tiny(monkeypatch) -> None:
    """Let the command line take the tiny layouts for the published ones."""
    monkeypatch.setattr(
        importing, "recognise", partial(lambda state, _: recognise(state, TINY_FORMATS))
    )


def paper_recipe(*settings: str) -> Recipe:
    """The preset of the paper in two steps and two views, and whatever is set besides."""
    few = ["sampling.steps=2", "guidance.augment.views=2"]
    return override(load_preset("paper"), [*few, *settings])


def last_step(pack: ModelPack, inputs: WindowInputs, recipe: Recipe) -> SamplingStep:
    """Edit a window, and keep what its last step says."""
    return list(sample_window(pack, inputs, recipe))[-1]
