"""Every setting of an edit, declared once: the command line, the recipe file and the docs come from here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from soundini.config.drift import DriftConfig
from soundini.config.section import Section, Share
from soundini.config.written import parse_bytes, parse_heard_as
from soundini.errors import Message


class SamplingConfig(Section):
    """How the diffusion model is sampled."""

    method: Literal["ddpm", "ddim", "dpmpp_2m"] = "ddim"
    """Sampler."""
    steps: int = Field(default=3, ge=1, le=1000)
    """Network evaluations from the noise level that sampling begins at (``draft`` or ``start``) down to the clean frame, before
    repeats."""
    start: Share = 0.98
    """Noise level the source is taken to before it is denoised: 1 forgets it, 0.3 keeps its structure."""
    draft: Share = 0.45
    """Models that see the source and name sounds (``embedded``): sampling begins at a rendered draft of the effect, noised to
    this level at most. 1 keeps next to nothing of it, 0.3 most; 0 renders none, and sampling begins at ``start``."""
    eta: Share = 0.0
    """DDIM only: share of fresh noise at each step."""
    clip: bool = True
    """DDIM and DPM-Solver++: clamp the guided estimate of the clean frames to [-1, 1] at every step."""
    repeats: int = Field(default=1, ge=1, le=10)
    """How often each step between ``repeat_from`` and ``repeat_to`` is done (re-noise and repeat)."""
    repeat_from: Share = 0.8
    """Noisiest level at which steps are repeated."""
    repeat_to: Share = 0.5
    """Least noisy level at which steps are repeated."""
    noise: Literal["shared", "independent", "warped", "evolving"] = "evolving"
    """One noise image for all, one for each frame, one carried along the flow, or one that turns slowly: flames lick."""
    noise_period: float = Field(default=30, gt=0)
    """Frames from one noise image to the next, for ``evolving`` noise."""
    class_label: Literal["random"] | Annotated[int, Field(ge=0)] = "random"
    """Class-conditional models (``paper-512``) only: ImageNet class, or another at each step."""
    condition: float = Field(default=1.25, ge=0, le=10)
    """Models that take a sound's embedding (``embedded``): its length for a loud sound. 1 as trained, 0 leaves all to the
    gradients."""
    see: bool = True
    """Models that see the source (``embedded``): show it to the prior, with the mask. False as in the paper, where the prior
    starts from noise alone."""
    drift: DriftConfig = DriftConfig()
    """How effects move by themselves; models that know classes of sounds (``embedded``) only."""


class AugmentSettings(Section):
    """The views of the region that the image encoder sees."""

    views: int = Field(default=3, ge=1, le=64)
    """Views of each frame at each step; the first is plain."""
    min_scale: float = Field(default=0.4, gt=0, le=4)
    """Smallest view, as a share of the region."""
    max_scale: float = Field(default=1.0, gt=0, le=4)
    """Largest view, as a share of the region."""
    rotation: float = Field(default=10, ge=0, le=180)
    """Largest rotation in degrees."""
    shift: Share = 0.1
    """Largest shift of a full-size view, as a share of the region."""


class GuidanceConfig(Section):
    """How the sound steers the sampler: L = sum of lambda times term."""

    strength: float = Field(default=0.003, ge=0, le=2)
    """``normalised`` rule: how far the sound moves each step, 0 (nothing) to 1."""
    rule: Literal["normalised", "paper"] = "normalised"
    """``paper`` moves the mean by variance times gradient and takes its strength from the lambdas."""
    gradient: Literal["exact", "fast", "secondary"] = "fast"
    """``exact`` runs back through the network, as the paper does; ``fast`` holds its output fixed, at half the cost;
    ``secondary`` (``paper-256``) runs through a small network instead."""
    until: Share = 0.22
    """Noise level below which guidance stops and the prior cleans up."""
    clamp: float = Field(default=4.0, gt=0)
    """Largest gradient of a pixel, in standard deviations."""
    lambda_sound: float = Field(default=1.0, ge=0)
    """L_SG: the region looks as the sound suggests."""
    lambda_directional: float = Field(default=0.01, ge=0)
    """L_DSG: the region changes as the sound changes."""
    min_change: float = Field(default=1e-2, ge=0, le=2)
    """L_DSG: how far apart two frames' sounds must lie in the joint space for the pair to count (the paper: at all)."""
    text: str = ""
    """Words for what the region should look like; needs a text tower (``paper-256``)."""
    lambda_text: float = Field(default=1.0, ge=0)
    """L_text: the region looks as ``text`` says, where there is any."""
    lambda_flow: float = Field(default=20.0, ge=0)
    """L_flow: what moves with the scene keeps its look. With 0, nothing is averaged along the flow either."""
    lambda_background: float = Field(default=0.0, ge=0)
    """L_back: outside the mask, predicted frames resemble the source."""
    lambda_range: float = Field(default=2.0, ge=0)
    """Predicted pixels stay within [-1, 1]."""
    flow_ramp: bool = True
    """Multiply L_flow by (T - t) / T, so that motion forms first and coherence settles later."""
    smooth: int = Field(default=14, ge=0, le=64)
    """Rounds of averaging of the gradient along the flow: frames of one scene are pulled the same way (0 as in the paper)."""
    settle: int = Field(default=2, ge=0, le=64)
    """Rounds of averaging of the finished change: what stands on the scene along its flow, what moves along the effect's own
    motion. It takes flicker away; many rounds blur."""
    flow_on: Literal["source", "predicted"] = "source"
    """Flow measured once on the source, or at every step on the predicted frames (the paper; needs RAFT)."""
    perceptual: Literal["auto", "lpips", "imagenet", "none"] = "auto"
    """Perceptual part of L_back: LPIPS where its weights are, else the ImageNet network."""
    blend_background: bool = True
    """Put the equally noised source back outside the mask after every step."""
    augment: AugmentSettings = AugmentSettings()
    """Views that the image encoder sees."""


class JointConfig(Section):
    """The space in which sounds and images are compared."""

    sound_encoder: Literal[
        "auto", "swin_audio", "vipant_audio", "resnet18_audio", "wav2clip_audio"
    ] = "auto"
    """Models of the paper (``paper-256``) only: what hears the sound; ``auto`` takes the first of these that is imported."""


class SoundConfig(Section):
    """How the sound is laid against the video."""

    heard_as: str = Field(default="", max_length=2000)
    """What the sound is, where the models hear it wrong: ``rain``, ``rain=0.7,thunderstorm=0.3``, or by its own seconds
    ``0s:fire,4.2s:rain``."""
    track: int = Field(default=0, ge=0, le=999)
    """Number of the sound track of a file with several, from 1; 0 for the default track, else the first that is audible."""
    offset: float = Field(default=0.0, ge=-86400, le=86400)
    """Seconds by which the sound starts after the (edited part of the) video; negative skips its beginning."""
    gain: float = Field(default=1.0, ge=0, le=100)
    """Factor on the sound's level; the sound is first brought to a peak of 1."""
    loop: bool = False
    """Repeat a sound that is shorter than the video."""
    window: float = Field(default=0, ge=0, le=60)
    """Seconds of sound around a frame that say what it hears; 0 for what the models were trained on (10)."""
    typical: Share = 0.8
    """Models that know classes of sounds (``embedded``) only: how far a sound is taken for what is typical of its class."""
    envelope: Literal["off", "loudness", "onset"] = "loudness"
    """What makes the effect stronger and weaker in time: nothing, how loud the sound is, or its onsets."""
    attack: float = Field(default=0.05, ge=0, le=10)
    """Seconds in which the envelope rises."""
    release: float = Field(default=0.4, ge=0, le=10)
    """Seconds in which the envelope falls."""
    envelope_range: float = Field(default=30, gt=0, le=120)
    """Decibels between full effect and none."""
    envelope_curve: float = Field(default=1.7, ge=0.2, le=5)
    """Exponent of the loudness: with 1.7, a sound that is 10 dB quieter has half the effect; with 1, two thirds."""
    envelope_floor: Share = 0.0
    """Least envelope, where there is any sound."""

    @field_validator("heard_as")
    @classmethod
    def _can_be_read(cls, value: str) -> str:
        if value.strip():
            parse_heard_as(value)
        return value.strip()


class RegionConfig(Section):
    """The region that is edited, and how it is laid back into the frame."""

    size: int = Field(default=128, ge=32, le=2048)
    """Longer side in pixels at which the padded region is edited."""
    detail: int = Field(default=512, ge=32, le=4096)
    """Longer side in pixels at which a draft's drops, sparks and flames are drawn, where the region has as many; see
    ``sampling.draft``."""
    pad: float = Field(default=0.06, ge=0, le=2)
    """Context round the region, as a share of its size."""
    feather: float = Field(default=0.1, ge=0, le=1)
    """Soft edge, as a share of the region's smaller side."""
    dilate: float = Field(default=0, ge=-4096, le=4096)
    """Pixels by which the mask grows (or shrinks, when negative)."""
    invert: bool = False
    """Edit what is black in the mask."""
    label: int = Field(default=0, ge=0, lt=2**31)
    """The one label that is edited of a mask that holds several objects; 0 for all above 0."""
    track: bool = False
    """Carry still and keyframe masks along the optical flow."""


class WindowConfig(Section):
    """How a long video is cut."""

    frames: int = Field(default=14, ge=1, le=1024)
    """Frames sampled together."""
    overlap: int = Field(default=2, ge=0, le=64)
    """Sampled frames that two windows share; they, and what lies between them, are cross-faded."""
    stride: int = Field(default=1, ge=1, le=16)
    """Sample every so-manieth frame (and the last); those between take the change from both sides, carried along the flow."""
    fade: int = Field(default=6, ge=0, le=64)
    """Frames after those, over which what is left of the windows' difference dies away, carried along the flow."""

    @model_validator(mode="after")
    def _overlap_fits(self) -> WindowConfig:
        if self.overlap * 2 > self.frames:
            raise ValueError(
                Message(
                    "overlap ({overlap}) may be at most half of frames ({frames})",
                    {"overlap": self.overlap, "frames": self.frames},
                )
            )
        return self


class BlendedDiffusionConfig(Section):
    """The baseline ``method=blended-diffusion``: every frame by itself."""

    candidates: int = Field(default=3, ge=1, le=64)
    """Results sampled of each frame; the joint space chooses. The cost grows with them."""


class LayeredAtlasesConfig(Section):
    """The baseline ``method=layered-atlases``: one picture of the scene, edited and laid back into every frame."""

    steps: int = Field(default=500, ge=1, le=1_000_000)
    """Steps of the fit of each window: a twentieth of a second each on one core."""
    points: int = Field(default=2000, ge=1, le=1_000_000)
    """Pixels drawn at each step; their right and lower neighbours come on top."""
    learning_rate: float = Field(default=5e-3, gt=0, le=1)
    """Of the fit's first steps; it falls to a twentieth of that."""
    bootstrap: Share = 0.3
    """Share of the steps in which the mask says what the foreground is."""
    lambda_edges: float = Field(default=1.0, ge=0)
    """Differences of neighbouring pixels are as in the source; beside the colours, whose weight is 1."""
    lambda_rigidity: float = Field(default=0.03, ge=0)
    """Pictures bend little."""
    lambda_flow: float = Field(default=0.06, ge=0)
    """Pixels that the flow leads to each other lie on the same point of a picture."""
    lambda_alpha: float = Field(default=0.1, ge=0)
    """And show the same layer."""
    lambda_sparsity: float = Field(default=0.02, ge=0)
    """The foreground's picture is empty where nothing is seen of it."""


class VqganClipConfig(Section):
    """The baseline ``method=vqgan-clip``: the codes of a VQGAN are optimised, frame by frame."""

    iterations: int = Field(default=60, ge=1, le=10000)
    """Optimisation steps of each frame, each a pass through the decoder and back."""
    step: float = Field(default=0.1, gt=0, le=10)
    """Step size of Adam on the latents, which have unit length in the embedded VQGAN."""
    init: Literal["previous", "source"] = "previous"
    """Where a frame's codes start: at those found for the frame before, or at its own (frames are then done together)."""
    weights: Literal["auto", "embedded", "vqgan_imagenet_f16_1024", "vqgan_imagenet_f16_16384"] = (
        "auto"
    )
    """The VQGAN: embedded, or an official one after ``soundini weights import``; ``auto`` takes an official one where it is
    imported and the models are the paper's."""


class ComputeConfig(Section):
    """Where and how the arithmetic runs."""

    device: str = "auto"
    """``auto`` (CUDA where present), ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic of the diffusion model; ``auto`` takes bfloat16 where the hardware multiplies it faster."""
    chunk: Literal["auto"] | Annotated[int, Field(ge=0)] = 0
    """Frames that pass the network at once; 0 for all of a window. ``auto`` here and below: the fastest that fits into the
    device's free memory."""
    memory: str = ""
    """Memory to keep to, such as ``4GB``: ``chunk``, then ``window.frames`` are lowered until a window fits."""
    checkpoint: Literal["auto"] | bool = False
    """Compute activations of the U-Net and of RAFT twice, for the gradient, instead of keeping them."""
    compile: bool = False
    """Compile the diffusion network with ``torch.compile``; slow to start, needs a C++ compiler."""
    offload: Literal["auto"] | bool = False
    """Keep models that a window's steps do not use (towers of sound and text) on the CPU."""
    flow: Literal["auto", "dis", "raft"] = "auto"
    """Optical flow: RAFT where its weights are, else OpenCV DIS."""

    @property
    def frames_at_once(self) -> int:
        """``chunk``; the leanest where nothing has been chosen."""
        return 1 if self.chunk == "auto" else self.chunk

    @property
    def recomputes(self) -> bool:
        """``checkpoint``; the leanest where nothing has been chosen."""
        return bool(self.checkpoint)

    @property
    def parks(self) -> bool:
        """``offload``; the leanest where nothing has been chosen."""
        return bool(self.offload)

    @field_validator("memory")
    @classmethod
    def _is_an_amount(cls, value: str) -> str:
        if value:
            parse_bytes(value)
        return value


class OutputConfig(Section):
    """What is written."""

    audio: Literal["guide", "source", "mix", "none"] = "guide"
    """Sound of the result: the guiding sound, the source's own, both, or none."""
    pixel_format: Literal["source", "yuv420p"] = "source"
    """``source`` keeps the source's where H.264 can (4:2:2, 4:4:4, 10 bits); ``yuv420p`` is what every player plays."""
    crf: int = Field(default=18, ge=0, le=51)
    """H.264 quality: 0 is lossless, 18 visually so, 51 the worst."""


class Recipe(Section):
    """All settings of an edit."""

    seed: int = Field(default=0, ge=0, lt=2**63)
    """Noise and augmentations are a function of the seed and the frame index."""
    method: Literal["soundini", "blended-diffusion", "layered-atlases", "vqgan-clip"] = "soundini"
    """How frames are edited: by the paper's method, or by a baseline it is compared to."""
    sampling: SamplingConfig = SamplingConfig()
    guidance: GuidanceConfig = GuidanceConfig()
    joint: JointConfig = JointConfig()
    sound: SoundConfig = SoundConfig()
    region: RegionConfig = RegionConfig()
    window: WindowConfig = WindowConfig()
    blended: BlendedDiffusionConfig = BlendedDiffusionConfig()
    atlases: LayeredAtlasesConfig = LayeredAtlasesConfig()
    vqgan: VqganClipConfig = VqganClipConfig()
    compute: ComputeConfig = ComputeConfig()
    output: OutputConfig = OutputConfig()
