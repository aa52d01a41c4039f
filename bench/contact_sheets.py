"""Make the contact sheets of docs/: what five sounds, a quieter sound and a turning sound do to one clip.

    python bench/contact_sheets.py CLIP SOUNDS [--box x,y,w,h] [--output docs/images]

CLIP is a video that may be shown (the committed sheets use palmtrees.mp4 of hhoppe/data, CC0-1.0). SOUNDS is a folder
with ``sounds.csv`` (columns path and label). Sounds are chosen by rule, not by result: the first recording of each label
that is at least as long as the clip.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from soundini import Recipe, SoundEditor, load_preset
from soundini.config.presets import override
from soundini.masks.shapes import shape_mask
from soundini.media.sound import Sound, load_sound, resample
from soundini.media.sound_fit import fit_sound
from soundini.media.video_reader import VideoReader

LABELS = ("fire", "thunderstorm", "ocean_waves", "rain", "underwater_bubbles")
SHOWN = 6
RATE = 44_100


def read_clip(path: Path, frames: int, every: int) -> tuple[np.ndarray, float]:
    """Every so many frames of a video, and the frame rate that is left."""
    with VideoReader(path) as reader:
        out = [f.rgb for f in reader.frames(0, frames * every) if f.index % every == 0]
        return np.stack(out), float(reader.info.frame_rate) / every


def choose_sound(folder: Path, label: str, seconds: float) -> Sound:
    """The first recording of a label that is long enough, mono, at full level."""
    with (folder / "sounds.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["label"] == label and float(row["seconds"]) >= seconds:
                sound = resample(load_sound(folder / row["path"]).mono(), RATE)
                return Sound(sound.samples / sound.peak, RATE)
    raise SystemExit(f"{folder} has no {label} of {seconds:.1f} s")


def row(name: str, frames: np.ndarray, height: int = 160) -> Image.Image:
    """A labelled row of frames spread over the clip."""
    chosen = frames[np.linspace(0, len(frames) - 1, SHOWN).round().astype(int)]
    width = round(height * frames.shape[2] / frames.shape[1])
    picture = Image.new("RGB", (110 + SHOWN * (width + 4), height + 4), "white")
    ImageDraw.Draw(picture).text((6, height // 2 - 6), name, fill="black")
    for i, frame in enumerate(chosen):
        small = Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS)
        picture.paste(small, (110 + i * (width + 4), 2))
    return picture


def sheet(rows: list[Image.Image], path: Path) -> None:
    """Rows below each other, written as WebP."""
    picture = Image.new("RGB", (rows[0].width, sum(r.height for r in rows)), "white")
    y = 0
    for part in rows:
        picture.paste(part, (0, y))
        y += part.height
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, quality=85, method=6)
    print(path, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("--box", default="0.0,0.0,1.0,1.0", help="what is edited")
    parser.add_argument("--frames", type=int, default=18)
    parser.add_argument("--every", type=int, default=8, help="take every so many frames")
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--output", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    editor = SoundEditor.from_pretrained("embedded")
    frames, rate = read_clip(options.clip, options.frames, options.every)
    seconds = len(frames) / rate
    mask = shape_mask("box", options.box, (frames.shape[1], frames.shape[2]))
    steady = override(load_preset(options.preset), ["sound.envelope=off"])

    def edit(sound: Sound, recipe: Recipe) -> np.ndarray:
        return editor(frames, sound, mask=mask, frame_rate=rate, recipe=recipe).frames

    sounds = {label: choose_sound(options.sounds, label, seconds) for label in LABELS}
    rows = [row("source", frames)]
    edited = {label: edit(sound, steady) for label, sound in sounds.items()}
    rows += [row(label, result) for label, result in edited.items()]
    sheet(rows, options.output / "five_sounds.webp")

    steps = [(0.0, 1.0), (seconds / 2 - 0.05, 1.0), (seconds / 2 + 0.05, 0.3), (seconds, 0.3)]
    fire = fit_sound(sounds["fire"], seconds)
    sheet(
        [
            row("source", frames),
            row(
                "fire, gain 1 to 0.3",
                edit(fit_sound(fire, seconds, gain=steps), load_preset(options.preset)),
            ),
        ],
        options.output / "loudness.webp",
    )
    half = fire.samples.shape[1] // 2
    turning = np.concatenate(
        [fire.samples[:, :half], sounds["rain"].samples[:, half : 2 * half]], 1
    )
    sheet(
        [row("source", frames), row("fire, then rain", edit(Sound(turning, RATE), steady))],
        options.output / "turning.webp",
    )


if __name__ == "__main__":
    main()
