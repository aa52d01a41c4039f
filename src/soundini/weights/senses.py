"""Published checkpoints that see, hear and follow motion: CLIP, sound encoders, RAFT and LPIPS.

Addresses, sizes and hashes are those that their publishers, or public code that checks them, state.
"""

from soundini.weights.published import PACKS, Entry, Source

_CLIP = "https://openaipublic.blob.core.windows.net/clip/models"
# openai/CLIP issue 516 reports that this one answers 404
_CLIP_OLD = "https://openaipublic.azureedge.net/clip/models"
_HF = "https://huggingface.co"
_PYTTI = f"{_HF}/pxlpshr/pytti-models/resolve/main"
_B32 = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
_B16 = "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"
_RESNET_COMMIT = "aa1211cfa09e83130847ad386d4be4898705bbab"

SENSES = (
    Entry(
        "clip_vit_b32",
        (
            Source(
                "ViT-B-32.pt",
                (
                    f"{_CLIP}/{_B32}/ViT-B-32.pt",
                    f"{_HF}/williamberman/vq-diffusion-orig/resolve/main/ViT-B-32.pt",
                    f"{_HF}/jinaai/clip-models/resolve/main/ViT-B-32.pt",
                    f"{_PYTTI}/clip/{_B32}/ViT-B-32.pt",
                    f"{_CLIP_OLD}/{_B32}/ViT-B-32.pt",
                ),
                sha256=_B32,
                bytes=353_976_522,
            ),
            Source(
                "open_clip_model.safetensors",
                (
                    f"{_HF}/timm/vit_base_patch32_clip_224.openai/resolve/"
                    "a6f597a30f7b82c51704746581f9a4e41421e878/open_clip_model.safetensors",
                ),
                sha256="e6d1bd7789aa45192b3bf90570a789b478bae1b74ebcce7eddd908e83a2b7c31",
                bytes=605_143_284,
            ),
        ),
        "MIT",
        "image and text towers of the joint space (OpenAI CLIP)",
        151_277_313,
        PACKS,
    ),
    Entry(
        "clip_vit_b16",
        (
            Source(
                "ViT-B-16.pt",
                (
                    f"{_CLIP}/{_B16}/ViT-B-16.pt",
                    f"{_HF}/jinaai/clip-models/resolve/main/ViT-B-16.pt",
                    f"{_PYTTI}/clip/{_B16}/ViT-B-16.pt",
                    f"{_HF}/omlab/OmDet-Turbo_tiny_SWIN_T/resolve/main/ViT-B-16.pt",
                    f"{_CLIP_OLD}/{_B16}/ViT-B-16.pt",
                ),
                sha256=_B16,
                bytes=350_837_078,
            ),
        ),
        "MIT",
        "finer towers, in place of clip_vit_b32",
        149_620_737,
    ),
    Entry(
        "swin_audio",
        (
            Source(
                "swin_audioencoder.pth",
                (
                    "https://drive.google.com/uc?export=download&id=1e_-2du7KUvadAl0_BGf5VUwgpSEe0ntL",
                ),
            ),
        ),
        "none stated",
        "sound encoder of the paper's authors (Swin; kuai-lab/Audio-guided-INR-for-local-image-stylization)",
        27_910_012,
        PACKS,
        "no licence is stated: all rights stay with its authors, so ask them before commercial use",
    ),
    Entry(
        "vipant_audio",
        (
            Source(
                "00004140.pth",
                (
                    "https://storage.googleapis.com/ai2-mosaic-public/projects/vipant/model/"
                    "01FM2Y9HJ896B2G6NKRXTEVXZ7/00004140.pth",
                ),
            ),
        ),
        "MIT",
        "sound encoder VIP-ANT, audio-text tuned, in place of swin_audio (zhaoyanpeng/vipant)",
        88_045_824,
    ),
    Entry(
        "resnet18_audio",
        (
            Source(
                "resnet18.pth",
                (
                    "https://raw.githubusercontent.com/kuai-lab/sound-guided-semantic-image-manipulation/"
                    f"{_RESNET_COMMIT}/pretrained_models/resnet18.pth",
                ),
                git_blob="b0f97555050d0637177be6c71ac7bcd3f002faf9",
                licence="MIT (the repository's licence at this commit, of June 2022)",
            ),
            Source(
                "resnet18_57.pth",
                ("https://kr.object.ncloudstorage.com/cvpr2022/resnet18_57.pth",),
                licence="CC BY-NC-SA 4.0 (the repository's licence since November 2022)",
            ),
        ),
        "MIT at the commit of June 2022 that is fetched; CC BY-NC-SA 4.0 in the repository since",
        "sound encoder of the paper's predecessor (ResNet-18, CVPR 2022), in place of swin_audio",
        11_448_818,
        restriction="its repository forbids commercial use since November 2022 (CC BY-NC-SA 4.0)",
    ),
    Entry(
        "wav2clip_audio",
        (
            Source(
                "Wav2CLIP.pt",
                (
                    "https://github.com/descriptinc/lyrebird-wav2clip/releases/download/"
                    "v0.1.0-alpha/Wav2CLIP.pt",
                ),
            ),
        ),
        "MIT",
        "sound encoder Wav2CLIP, in place of swin_audio (descriptinc/lyrebird-wav2clip)",
        11_705_684,
    ),
    Entry(
        "raft_large",
        (
            Source(
                "raft_large_C_T_V1-22a6c225.pth",
                (
                    "https://download.pytorch.org/models/raft_large_C_T_V1-22a6c225.pth",
                    f"{_HF}/AkaneTendo25/ayase-runtime-assets/resolve/main/advanced_flow/"
                    "raft_large_C_T_V1-22a6c225.pth",
                ),
                sha256_prefix="22a6c225",
            ),
            Source(
                "raft-things.pth",
                (
                    f"{_HF}/ddrfan/RAFT/resolve/main/raft-things.pth",
                    f"{_HF}/camenduru/ProPainter/resolve/main/raft-things.pth",
                    "https://github.com/sczhou/ProPainter/releases/download/v0.1.0/raft-things.pth",
                ),
                sha256="fcfa4125d6418f4de95d84aec20a3c5f4e205101715a79f193243c186ac9a7e1",
                bytes=21_108_000,
            ),
        ),
        "BSD-3-Clause",
        "optical flow (RAFT)",
        5_260_431,
        PACKS,
    ),
    Entry(
        "vgg16",
        (
            Source(
                "vgg16-397923af.pth",
                ("https://download.pytorch.org/models/vgg16-397923af.pth",),
                sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
                bytes=553_433_881,
            ),
        ),
        "BSD-3-Clause",
        "trunk of LPIPS",
        138_357_544,
        PACKS,
    ),
    Entry(
        "lpips_vgg_lins",
        (
            Source(
                "vgg.pth",
                (
                    "https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/master/"
                    "lpips/weights/v0.1/vgg.pth",
                ),
                # of the file in the authors' package lpips 0.1.4
                sha256="a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
                bytes=7289,
            ),
        ),
        "BSD-2-Clause",
        "channel weights of LPIPS v0.1",
        1472,
        PACKS,
    ),
)
"""The parts of a pack of the paper beside the prior, and those that can replace one."""
