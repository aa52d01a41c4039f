"""The built-in suite: three clips and the sounds of a fire, rain and bubbles, made from a seed."""

import filecmp
import tempfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from soundini.demo.sounds import bubbles, crackle, shower, write_wav
from soundini.media.video_info import PictureFormat
from soundini.media.video_writer import VideoWriter

HEIGHT, WIDTH, RATE, FRAMES = 144, 192, 24, 24
_SECONDS = 4.0
_SUITE_FILE = "suite.yaml"

SUITE = """\
# Made by `soundini benchmark builtin`: a valley under a panning camera, a wall that comes nearer, a pond that ripples.
# Every method has ten network evaluations of every frame; layered atlases, of one picture for all.
clips:
  - clip: valley.mp4
    ellipse: 0.5,0.62,0.28,0.3
  - clip: wall.mp4
    box: 0.25,0.2,0.5,0.65
  - clip: pond.mp4
    ellipse: 0.5,0.55,0.32,0.34
sounds:
  fire: fire.wav
  underwater: bubbles.wav
  fire-to-rain: [fire.wav, rain.wav]
variants:
  soundini: [sampling.steps=8]
  blended-diffusion: ["method=blended-diffusion", "blended.candidates=2", "sampling.steps=4"]
  vqgan-clip: ["method=vqgan-clip", "vqgan.iterations=8"]
  layered-atlases: ["method=layered-atlases", "sampling.steps=8"]
"""


def make_builtin(folder: Path) -> Path:
    """Write the suite with its clips and sounds; the same bytes every time on one machine.

    Args:
        folder: where; made where it is not there. Files that hold what they should are left as they are.

    Returns:
        The suite's file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        fresh = Path(name)
        for clip, frames in {"valley": _valley, "wall": _wall, "pond": _pond}.items():
            _write(fresh / f"{clip}.mp4", frames)
        for sound, make in {"fire": crackle, "rain": shower, "bubbles": bubbles}.items():
            write_wav(fresh / f"{sound}.wav", make(_SECONDS))
        (fresh / _SUITE_FILE).write_text(SUITE)
        for made in sorted(fresh.iterdir()):
            kept = folder / made.name
            if not kept.is_file() or not filecmp.cmp(made, kept, shallow=False):
                made.replace(kept)
    return folder / _SUITE_FILE


def _write(path: Path, frames: Callable[[], Iterator[np.ndarray]]) -> None:
    tick = Fraction(1, RATE)
    picture = PictureFormat(WIDTH, HEIGHT, Fraction(RATE), tick)
    with VideoWriter(path, picture, crf=10) as writer:
        for number, frame in enumerate(frames()):
            writer.write(np.rint(frame.clip(0, 1) * 255).astype(np.uint8), number * tick, tick)


def _clouds(seed: int, height: int, width: int, slope: float) -> np.ndarray:
    """Noise whose amplitude falls with frequency as f ** -slope, from 0 to 1: ``[height, width]``."""
    noise = np.fft.rfft2(np.random.default_rng(seed).standard_normal((height, width)))
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = 1
    field = np.fft.irfft2(noise * frequency**-slope, (height, width))
    return (field - field.min()) / np.ptp(field)


def _tinted(field: np.ndarray, dark: tuple[float, ...], light: tuple[float, ...]) -> np.ndarray:
    return np.array(dark) + field[..., None] * (np.array(light) - np.array(dark))


def _valley() -> Iterator[np.ndarray]:
    """Hills under an evening sky; the camera pans by a pixel a frame."""
    width = WIDTH + FRAMES
    rows = np.linspace(0, 1, HEIGHT)[:, None]
    sky = np.broadcast_to(rows, (HEIGHT, width))
    picture = _tinted(sky, (0.45, 0.6, 0.8), (0.9, 0.85, 0.75))
    for layer in range(3):
        ridge = 0.35 + 0.2 * layer - 0.18 * _clouds(layer + 1, 1, width, 1.2)[0]
        ground = _clouds(layer + 9, HEIGHT, width, 1.1)
        shade = 0.75 - 0.2 * layer
        hill = _tinted(ground, (0.1 * shade, 0.2 * shade, 0.12), (0.5 * shade, 0.6 * shade, 0.4))
        picture = np.where((rows > ridge)[..., None], hill, picture)
    for number in range(FRAMES):
        yield picture[:, number : number + WIDTH]


def _wall() -> Iterator[np.ndarray]:
    """Courses of stones; the camera comes nearer by a fifth of a percent a frame."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    course = rows // 18
    joint = (rows % 18 < 2) | ((columns + 16 * (course % 2)) % 32 < 2)
    stone = _clouds(20, HEIGHT, WIDTH, 0.9)
    tone = np.random.default_rng(21).uniform(0.7, 1.1, (HEIGHT // 18 + 1, WIDTH // 32 + 2))
    shade = tone[course, (columns + 16 * (course % 2)) // 32]
    picture = _tinted(stone, (0.35, 0.25, 0.2), (0.75, 0.6, 0.5)) * shade[..., None]
    picture = np.where(joint[..., None], 0.3 + 0.1 * stone[..., None], picture).astype(np.float32)
    for number in range(FRAMES):
        nearer = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 0, 1 + 0.002 * number)
        yield cv2.warpAffine(picture, nearer, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)


def _pond() -> Iterator[np.ndarray]:
    """Still water between banks; its surface ripples."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    water = _tinted(_clouds(30, HEIGHT, WIDTH, 1.3), (0.08, 0.2, 0.25), (0.35, 0.5, 0.5))
    bank = _tinted(_clouds(31, HEIGHT, WIDTH, 1.0), (0.15, 0.2, 0.08), (0.45, 0.5, 0.25))
    inside = ((columns - WIDTH / 2) / 85) ** 2 + ((rows - HEIGHT * 0.55) / 55) ** 2
    for number in range(FRAMES):
        phase = 2 * np.pi * number / FRAMES
        lift = 1.5 * np.sin(rows / 5 + phase) * np.clip(1 - inside, 0, 1)
        moved = cv2.remap(
            water.astype(np.float32),
            columns,
            rows + lift,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        yield np.where((inside < 1)[..., None], moved, bank)
