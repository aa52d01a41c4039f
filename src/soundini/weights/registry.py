"""Where the published checkpoints come from, and what they are for. Nothing here is a guess."""

from __future__ import annotations

from dataclasses import dataclass

from soundini.errors import ModelError

_DIFFUSION = "https://openaipublic.blob.core.windows.net/diffusion/jul-2021"
_CLIP = "https://openaipublic.azureedge.net/clip/models"
_VQGAN = "https://heibox.uni-heidelberg.de/f"
_B32 = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
_B16 = "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"


@dataclass(frozen=True)
class Entry:
    """One published checkpoint.

    Args:
        name: of its format, see :mod:`soundini.weights.formats`.
        file: its published file name, or the usual one where that is a mere "last.ckpt".
        urls: official addresses, in order of preference; empty where none is known.
        sha256: of the file, where it is published.
        sha256_prefix: first digits of it, where only those are published (in torchvision's names).
        bytes: size of the file, where published.
        licence: what its authors say.
        purpose: what soundini uses it for.
        packs: which packs need it.
    """

    name: str
    file: str
    urls: tuple[str, ...]
    licence: str
    purpose: str
    packs: tuple[str, ...]
    sha256: str | None = None
    sha256_prefix: str | None = None
    bytes: int | None = None

    @property
    def origin(self) -> str:
        """Where the file is from, and how to know it: address, size and hash."""
        digest = self.sha256 or (self.sha256_prefix and f"{self.sha256_prefix}...")
        known = [f"sha256 {digest}" if digest else "no published sha256"]
        if self.bytes is not None:
            known.insert(0, f"{self.bytes:,} bytes")
        return f"{self.urls[0] if self.urls else self.file} ({', '.join(known)})"


_BOTH = ("paper-256", "paper-512")

ENTRIES = (
    Entry(
        "guided_256_uncond",
        "256x256_diffusion_uncond.pt",
        (f"{_DIFFUSION}/256x256_diffusion_uncond.pt",),
        "MIT",
        "diffusion prior at 256 px, unconditional (guided-diffusion, ImageNet)",
        ("paper-256",),
        bytes=2_211_383_297,
    ),
    Entry(
        "guided_512_cond",
        "512x512_diffusion.pt",
        (f"{_DIFFUSION}/512x512_diffusion.pt",),
        "MIT",
        "diffusion prior at 512 px, with class labels (guided-diffusion, ImageNet)",
        ("paper-512",),
    ),
    Entry(
        "clip_vit_b32",
        "ViT-B-32.pt",
        (f"{_CLIP}/{_B32}/ViT-B-32.pt",),
        "MIT",
        "image and text towers of the joint space (OpenAI CLIP)",
        _BOTH,
        sha256=_B32,
        bytes=353_976_522,
    ),
    Entry(
        "clip_vit_b16",
        "ViT-B-16.pt",
        (f"{_CLIP}/{_B16}/ViT-B-16.pt",),
        "MIT",
        "finer towers, in place of clip_vit_b32",
        (),
        sha256=_B16,
        bytes=350_837_078,
    ),
    Entry(
        "swin_audio",
        "tpami_encoder40.pth",
        (),
        "not stated",
        "sound encoder of the paper; ask its authors, no public address is known",
        _BOTH,
    ),
    Entry(
        "resnet18_audio",
        "resnet18_57.pth",
        ("https://kr.object.ncloudstorage.com/cvpr2022/resnet18_57.pth",),
        "MIT (of kuai-lab/sound-guided-semantic-image-manipulation)",
        "sound encoder of the paper's predecessor (CVPR 2022), in place of swin_audio",
        (),
    ),
    Entry(
        "raft_large",
        "raft_large_C_T_V1-22a6c225.pth",
        ("https://download.pytorch.org/models/raft_large_C_T_V1-22a6c225.pth",),
        "BSD-3-Clause",
        "optical flow (RAFT; the authors' raft-things.pth is imported as well)",
        _BOTH,
        sha256_prefix="22a6c225",
    ),
    Entry(
        "vgg16",
        "vgg16-397923af.pth",
        ("https://download.pytorch.org/models/vgg16-397923af.pth",),
        "BSD-3-Clause",
        "trunk of LPIPS",
        _BOTH,
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        bytes=553_433_881,
    ),
    Entry(
        "lpips_vgg_lins",
        "vgg.pth",
        (
            "https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/master/"
            "lpips/weights/v0.1/vgg.pth",
        ),
        "BSD-2-Clause",
        "channel weights of LPIPS v0.1",
        _BOTH,
        # of the file in the authors' package lpips 0.1.4
        sha256="a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
        bytes=7289,
    ),
    Entry(
        "vqgan_imagenet_f16_1024",
        "vqgan_imagenet_f16_1024.ckpt",
        (f"{_VQGAN}/140747ba53464f49b476/?dl=1",),
        "MIT (of CompVis/taming-transformers)",
        "image model of --method vqgan-clip, with 1024 codes (ImageNet), in place of the embedded one",
        (),
    ),
    Entry(
        "vqgan_imagenet_f16_16384",
        "vqgan_imagenet_f16_16384.ckpt",
        (f"{_VQGAN}/867b05fc8c4841768640/?dl=1",),
        "MIT (of CompVis/taming-transformers)",
        "image model of --method vqgan-clip, with 16384 codes (ImageNet), in place of the embedded one",
        (),
    ),
)


def find_entry(name: str) -> Entry:
    """Look a checkpoint up by its name.

    Raises:
        ModelError: there is none of that name.
    """
    for entry in ENTRIES:
        if entry.name == name:
            return entry
    names = ", ".join(entry.name for entry in ENTRIES)
    raise ModelError(f"there are no weights {name!r} in the registry; use one of {names}")
