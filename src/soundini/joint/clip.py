"""OpenAI's CLIP (Radford et al. 2021, arXiv 2103.00020): images and words in one space."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from soundini.errors import ModelError

_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)
_HEAD = 64


class ClipTowers(nn.Module):
    """The image and the text tower of a ViT CLIP, in open_clip's implementation with QuickGELU.

    Args:
        state: OpenAI's weights under their own names; the sizes are read off the shapes.

    Attributes:
        dim: length of an embedding.
        image_size: side in pixels of the images.

    Raises:
        ModelError: open_clip is not installed, or the weights are not those of a ViT CLIP.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.network = _load(state)
        self.dim = int(state["text_projection"].shape[1])
        patch = state["visual.conv1.weight"].shape[-1]
        self.image_size = patch * _grid(state)
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(1, 3, 1, 1), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where images are embedded."""
        return self.mean.device

    def park_text(self) -> None:
        """Move the text tower to the CPU; :meth:`embed_text` fetches it back."""
        for part in self.text_parts():
            part.to("cpu")

    def text_parts(self) -> list[nn.Module]:
        """The networks of the text tower."""
        return [part for name, part in self.network.named_children() if name != "visual"]

    def embed_images(self, images: Tensor) -> Tensor:
        """Embed images in [-1, 1]; differentiable.

        Shape:
            ``images``: ``[B, 3, S, S]`` with S = ``image_size``; returns ``[B, dim]``, unit length.
        """
        pixels = ((images + 1.0) / 2.0 - self.mean) / self.std
        return F.normalize(self.network.encode_image(pixels).float(), dim=-1)

    @torch.no_grad()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Embed texts; what exceeds 77 tokens is cut off.

        Shape:
            returns ``[len(texts), dim]``, unit length.
        """
        tokenizer = _open_clip().SimpleTokenizer()
        self.network.to(self.device)  # the tower may be parked
        tokens = tokenizer(list(texts)).to(self.device)
        return F.normalize(self.network.encode_text(tokens).float(), dim=-1)


def _open_clip() -> Any:
    try:
        import open_clip
    except ImportError:
        raise ModelError(
            "the paper's models need open_clip; run: pip install 'soundini[paper]'"
        ) from None
    return open_clip


def _grid(state: Mapping[str, Tensor]) -> int:
    return round((len(state["visual.positional_embedding"]) - 1) ** 0.5)


def _load(state: Mapping[str, Tensor]) -> Any:
    open_clip = _open_clip()
    try:
        network = _empty(open_clip, state)
        network.load_state_dict({k: v.detach().float() for k, v in state.items()}, assign=True)
    except (KeyError, RuntimeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(
            "these are not the weights of a CLIP with a vision transformer ({why}); import "
            "ViT-B-32.pt or ViT-B-16.pt",
            why=reason,
        ) from None
    # the mask of the text tower is no weight, and was built on meta
    network.attn_mask = torch.full(network.attn_mask.shape, float("-inf")).triu_(1)
    return network.eval().requires_grad_(False)


def _empty(open_clip: Any, state: Mapping[str, Tensor]) -> Any:
    width, _, patch, _ = state["visual.conv1.weight"].shape
    text_width = len(state["ln_final.weight"])
    # on meta, construction takes no memory and draws nothing from the global random state
    with torch.device("meta"):
        return open_clip.CLIP(
            state["text_projection"].shape[1],
            open_clip.CLIPVisionCfg(
                layers=_layers(state, "visual.transformer.resblocks."),
                width=width,
                head_width=_HEAD,
                patch_size=patch,
                image_size=patch * _grid(state),
            ),
            open_clip.CLIPTextCfg(
                context_length=len(state["positional_embedding"]),
                vocab_size=len(state["token_embedding.weight"]),
                width=text_width,
                heads=text_width // _HEAD,
                layers=_layers(state, "transformer.resblocks."),
            ),
            quick_gelu=True,
        )


def _layers(state: Mapping[str, Tensor], prefix: str) -> int:
    return len({k[len(prefix) :].split(".")[0] for k in state if k.startswith(prefix)})
