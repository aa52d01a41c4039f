"""Make docs/images/classes.webp: what each class of sounds that the embedded models know makes of one frame.

    python bench/class_pictures.py CLIP [--ellipse cx,cy,rx,ry] [--output docs/images/classes.webp]

CLIP is a video that may be shown (the committed picture uses palmtrees.mp4 of hhoppe/data, CC0-1.0). The sound is the demo's
crackle throughout; its class is what heard_as says.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from contact_sheets import read_clip
from PIL import Image, ImageDraw

from soundini import SoundEditor, load_preset
from soundini.config.presets import override
from soundini.demo.sounds import crackle
from soundini.joint.protocol import KnowsSoundClasses
from soundini.masks.shapes import shape_mask

FRAMES = 1
COLUMNS = 5
WIDTH, LABEL = 240, 18
STEADY = ("sound.envelope=off",)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--ellipse", default="0.5,0.5,0.45,0.45")
    parser.add_argument("--output", type=Path, default=Path("docs/images/classes.webp"))
    given = parser.parse_args()
    frames, rate = read_clip(given.clip, FRAMES, 1)
    mask = shape_mask("ellipse", given.ellipse, frames.shape[1:3])
    editor = SoundEditor.from_pretrained("embedded")
    assert isinstance(editor.pack.joint, KnowsSoundClasses)
    pictures = {"source": frames[0]}
    for name in editor.pack.joint.sound_classes:
        edited = editor(
            frames,
            crackle(2.0),
            mask=mask,
            frame_rate=rate,
            recipe=override(load_preset("fast"), STEADY),
            heard_as=name,
        )
        pictures[name] = edited.frames[0]
        print(name, flush=True)
    height = round(WIDTH * frames.shape[1] / frames.shape[2])
    rows = -(-len(pictures) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (WIDTH + 4), rows * (height + LABEL + 4)), "white")
    for number, (name, picture) in enumerate(pictures.items()):
        x, y = number % COLUMNS * (WIDTH + 4), number // COLUMNS * (height + LABEL + 4)
        small = Image.fromarray(picture).resize((WIDTH, height), Image.Resampling.LANCZOS)
        sheet.paste(small, (x, y + LABEL))
        ImageDraw.Draw(sheet).text((x + 2, y + 3), name, fill="black")
    given.output.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(given.output, quality=85, method=6)
    print(given.output)


if __name__ == "__main__":
    main()
