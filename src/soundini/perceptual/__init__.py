"""Perceptual distances: LPIPS, and a stand-in for when its weights are absent."""

from soundini.perceptual.factory import load_perceptual
from soundini.perceptual.imagenet import ImageNetDistance, imagenet_classifier
from soundini.perceptual.lpips import LPIPS
from soundini.perceptual.protocol import PerceptualDistance, PerceptualTarget

__all__ = [
    "LPIPS",
    "ImageNetDistance",
    "PerceptualDistance",
    "PerceptualTarget",
    "imagenet_classifier",
    "load_perceptual",
]
