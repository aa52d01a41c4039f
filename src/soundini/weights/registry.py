"""All published checkpoints that soundini knows, by name; those that draw pictures are listed here, the others in ``senses.py``.

Addresses, sizes and hashes are those that their publishers, or public code that checks them, state.
"""

from soundini.errors import ModelError
from soundini.weights.published import PACKS, Entry, Source
from soundini.weights.senses import SENSES

_DIFFUSION = "https://openaipublic.blob.core.windows.net/diffusion/jul-2021"
_HF = "https://huggingface.co"
_MAUA = f"{_HF}/wav/maua-weights/resolve/main"
# reported with a certificate that has expired
_EYE = "https://the-eye.eu/public/AI/models"
_HEIBOX = "https://heibox.uni-heidelberg.de"
_LAST = "files/?p=%2Fckpts%2Flast.ckpt&dl=1"
_VQGAN_COPIES = "https://github.com/Eleiber/VQGAN-Mirrors/releases/download/0.0.1"

PRIORS = (
    Entry(
        "guided_256_uncond",
        (
            Source(
                "256x256_diffusion_uncond.pt",
                (
                    f"{_DIFFUSION}/256x256_diffusion_uncond.pt",
                    f"{_HF}/deepinv/diffunet/resolve/main/diffusion_openai.pt",
                    f"{_MAUA}/256x256_diffusion_uncond.pt",
                ),
                sha256="a37c32fffd316cd494cf3f35b339936debdc1576dad13fe57c42399a5dbc78b1",
                bytes=2_211_383_297,
            ),
        ),
        "MIT",
        "diffusion prior at 256 px, unconditional (guided-diffusion, ImageNet)",
        552_814_086,
        ("paper-256",),
    ),
    Entry(
        "guided_512_cond",
        (Source("512x512_diffusion.pt", (f"{_DIFFUSION}/512x512_diffusion.pt",)),),
        "MIT",
        "diffusion prior at 512 px, with class labels (guided-diffusion, ImageNet)",
        558_997_638,
        ("paper-512",),
    ),
    Entry(
        "guided_512_uncond",
        (
            Source(
                "512x512_diffusion_uncond_finetune_008100.pt",
                (
                    f"{_HF}/lowlevelware/512x512_diffusion_unconditional_ImageNet/resolve/main/"
                    "512x512_diffusion_uncond_finetune_008100.pt",
                    f"{_MAUA}/512x512_diffusion_uncond_finetune_008100.pt",
                    f"{_EYE}/512x512_diffusion_unconditional_ImageNet/"
                    "512x512_diffusion_uncond_finetune_008100.pt",
                ),
                sha256="9c111ab89e214862b76e1fa6a1b3f1d329b1a88281885943d2cdbe357ad57648",
                bytes=2_232_025_447,
            ),
        ),
        "MIT",
        "diffusion prior at 512 px without labels (K. Crowson's fine-tune, made to be guided by CLIP)",
        557_973_638,
        ("paper-512-uncond",),
    ),
    Entry(
        "secondary",
        (
            Source(
                "secondary_model_imagenet_2.pth",
                (
                    f"{_HF}/spaces/huggi/secondary_model_imagenet_2.pth/resolve/main/"
                    "secondary_model_imagenet_2.pth",
                    f"{_MAUA}/secondary_model_imagenet_2.pth",
                    f"{_EYE}/v-diffusion/secondary_model_imagenet_2.pth",
                ),
                sha256="983e3de6f95c88c81b2ca7ebb2c217933be1973b1ff058776b970f901584613a",
                bytes=55_380_626,
            ),
        ),
        "MIT",
        "small denoiser for guidance.gradient=secondary (K. Crowson, ImageNet)",
        13_841_547,
    ),
)
"""Diffusion priors, and the small denoiser that can stand in for one."""

VQGANS = (
    Entry(
        "vqgan_imagenet_f16_1024",
        (
            Source(
                "vqgan_imagenet_f16_1024.ckpt",
                (
                    f"{_HEIBOX}/f/140747ba53464f49b476/?dl=1",
                    f"{_HEIBOX}/d/8088892a516d4e3baf92/{_LAST}",
                    "https://github.com/ieee8023/latentshift/releases/download/weights/"
                    "vqgan_imagenet_f16_1024.ckpt",
                    f"{_VQGAN_COPIES}/vqgan_imagenet_f16_1024.ckpt",
                ),
                about_bytes=958_000_000,
            ),
        ),
        "MIT (of CompVis/taming-transformers)",
        "image model of the method vqgan-clip, with 1024 codes (ImageNet), in place of the embedded one",
        72_141_699,
    ),
    Entry(
        "vqgan_imagenet_f16_16384",
        (
            Source(
                "vqgan_imagenet_f16_16384.ckpt",
                (
                    f"{_HEIBOX}/f/867b05fc8c4841768640/?dl=1",
                    f"{_HEIBOX}/d/a7530b09fed84f80a887/{_LAST}",
                    f"{_HF}/pxlpshr/pytti-models/resolve/main/vqgan/imagenet.ckpt",
                    "https://github.com/mehdidc/feed_forward_vqgan_clip/releases/download/0.1/"
                    "vqgan_imagenet_f16_16384.ckpt",
                    f"{_VQGAN_COPIES}/vqgan_imagenet_f16_16384.ckpt",
                ),
                sha256="845a68805098cb666420d5db93df53f3a3b6dd443e6dd85c05759c5b998cd663",
                bytes=980_092_370,
            ),
        ),
        "MIT (of CompVis/taming-transformers)",
        "image model of the method vqgan-clip, with 16384 codes (ImageNet), in place of the embedded one",
        76_073_859,
    ),
)
"""Image models of the method ``vqgan-clip``."""
SOUND_ENCODERS = ("swin_audio", "vipant_audio", "resnet18_audio", "wav2clip_audio")
"""Sound encoders in the space of CLIP ViT-B/32; a pack takes the first that is there."""

ENTRIES = (*PRIORS, *SENSES, *VQGANS)
"""Every checkpoint."""


def find_entry(name: str) -> Entry:
    """Look a checkpoint up by its name.

    Raises:
        ModelError: there is none of that name.
    """
    for entry in ENTRIES:
        if entry.name == name:
            return entry
    names = ", ".join((*PACKS, *(entry.name for entry in ENTRIES)))
    raise ModelError(
        "there are no weights {name!r} in the registry; use one of {names}", name=name, names=names
    )
