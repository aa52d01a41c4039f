"""The interface of a joint sound-image space, as guidance uses it."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor, nn


@runtime_checkable
class JointSpace(Protocol):
    """Images and sounds in one space, where the cosine measures how well they match.

    Attributes:
        dim: length of an embedding.
        image_size: side in pixels of the images that :meth:`embed_images` takes.
        sample_rate: Hz, of the sound that :meth:`embed_sound` takes.
        window_seconds: how much sound one embedding hears.
    """

    dim: int
    image_size: int
    sample_rate: int
    window_seconds: float

    def embed_images(self, images: Tensor) -> Tensor:
        """Embed frames; differentiable.

        Args:
            images: in [-1, 1], already masked and resized to ``image_size``.

        Shape:
            ``images``: ``[B, 3, S, S]``; returns ``[B, dim]``, unit length.
        """
        ...

    def embed_sound(
        self, waveform: Tensor, times: Tensor, window_seconds: float | None = None
    ) -> Tensor:
        """Embed the sound around each of the given times, from one spectrogram of the whole clip.

        Args:
            waveform: mono at ``sample_rate``; its level is kept, so that loudness counts.
            times: centres of the windows in seconds from the start of ``waveform``.
            window_seconds: how much sound one embedding hears; None for :attr:`window_seconds`,
                which the encoder was trained on.

        Shape:
            ``waveform``: ``[samples]``; ``times``: ``[T]``, on any device; returns ``[T, dim]``, unit
            length, where ``waveform`` is.
        """
        ...


@runtime_checkable
class NamesSounds(Protocol):
    """A joint space that can classify sounds."""

    def name_sounds(self, sound_embeds: Tensor) -> list[dict[str, float]]:
        """The probability of each known class for each embedding ``[T, dim]``."""
        ...


@runtime_checkable
class KnowsTypicalSounds(Protocol):
    """A joint space with a typical embedding for each class of sounds."""

    def typical_sounds(self, sound_embeds: Tensor) -> Tensor:
        """For each sound, the typical embedding of its classes, weighted by their shares.

        Shape:
            ``[T, dim]`` -> ``[T, dim]``, unit length.
        """
        ...


@runtime_checkable
class KnowsSoundClasses(Protocol):
    """A joint space that can embed its classes without a sound."""

    @property
    def sound_classes(self) -> tuple[str, ...]:
        """Their names."""
        ...

    def embed_shares(self, shares: Tensor) -> Tensor:
        """Embed mixtures of the known classes.

        :meth:`NamesSounds.name_sounds` of an embedding returns the shares, except very small ones.

        Args:
            shares: of each class, in the order of :attr:`sound_classes`; each row adds up to 1.

        Shape:
            ``shares``: ``[N, classes]``; returns ``[N, dim]``, unit length.
        """
        ...


@runtime_checkable
class EmbedsText(Protocol):
    """A joint space with a text tower."""

    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Embed texts in the same space: ``[len(texts), dim]``, unit length."""
        ...


@runtime_checkable
class ParksTowers(Protocol):
    """A joint space that can free memory of the device."""

    def parkable(self) -> list[nn.Module]:
        """The networks that :meth:`park` moves."""
        ...

    def park(self) -> None:
        """Move the sound and text towers to the CPU until they are called again."""
        ...
