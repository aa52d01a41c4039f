"""Edits by the real models: effects move as they should, enter the scene, and follow loudness; on a still scene made here."""

import cv2
import numpy as np
import pytest

from soundini import SoundEditor, load_preset
from soundini.config.drift import DriftConfig
from soundini.config.presets import override
from soundini.editing.motion import effect_position
from soundini.media.sound import Sound
from soundini.metrics.meters import detail_kept

RATE, COUNT = 24.0, 6
SIDE = 160


@pytest.fixture(scope="module")
def editor():
    return SoundEditor.from_pretrained("embedded")


@pytest.fixture(scope="module")
def scene():
    """A still street: a pale sky over dark houses with bright windows."""
    rng = np.random.default_rng(3)
    frame = np.empty((SIDE, SIDE, 3), np.uint8)
    frame[:90] = np.linspace((150, 180, 215), (190, 200, 210), 90)[:, None].astype(np.uint8)
    frame[90:] = (95, 90, 85)
    for x in range(0, SIDE, 32):
        top = int(rng.integers(40, 80))
        frame[top:130, x : x + 28] = rng.integers(50, 120, 3)
        for y in range(top + 8, 124, 16):
            frame[y : y + 7, x + 5 : x + 11] = frame[y : y + 7, x + 17 : x + 23] = (220, 210, 160)
    noise = rng.normal(0, 4, frame.shape)
    return np.repeat((frame + noise).clip(0, 255).astype(np.uint8)[None], COUNT, 0)


def hiss(level=0.3):
    samples = np.random.default_rng(0).normal(0, level, (1, 22050)).clip(-1, 1)
    return Sound(samples.astype(np.float32), 22050)


def edited(editor, scene, what, gain=1.0):
    recipe = override(
        load_preset("fast"),
        [f"sound.heard_as={what}", f"sound.gain={gain}", "region.pad=0", "region.feather=0"],
    )
    mask = np.ones(scene.shape[1:3], np.float32)
    return editor(scene, hiss(), mask=mask, frame_rate=RATE, recipe=recipe).frames


@pytest.fixture(scope="module")
def whole(editor, scene):
    """The whole scene edited by a sound of one kind; each edit is made once."""
    made = {}

    def edit(what):
        if what not in made:
            made[what] = edited(editor, scene, what)
        return made[what]

    return edit


@pytest.mark.parametrize("what", ["rain", "fire", "snow_wind", "river"])
def test_an_effect_moves_at_its_own_velocity(whole, scene, what):
    """What changes from frame to frame is displaced as the drift and its sway say, within a third; by phase correlation."""
    change = (whole(what).astype(np.float64) - scene).mean(-1)
    moving = change - change.mean(0)
    window = cv2.createHanningWindow((SIDE, SIDE), cv2.CV_64F)
    shifts = [cv2.phaseCorrelate(moving[i], moving[i + 1], window)[0] for i in range(COUNT - 1)]
    right, down = np.median(shifts, 0)
    positions = [effect_position(what, i / RATE, DriftConfig()) for i in range(COUNT)]
    wanted = np.median(np.diff(positions, axis=0), 0) * SIDE
    assert np.hypot(right - wanted[0], down - wanted[1]) <= np.hypot(*wanted) / 3 + 0.5


@pytest.mark.parametrize(
    ("what", "least"),
    [
        ("rain", 0.5),
        ("snow_wind", 0.5),
        pytest.param("thunderstorm", 0.3, marks=pytest.mark.long),
        pytest.param("underwater", 0.5, marks=pytest.mark.long),
    ],
)
def test_the_scene_is_kept(whole, scene, what, least):
    """Bolts cross most of this small scene, and nothing shows beneath them."""
    assert detail_kept(scene, whole(what), np.ones(scene.shape[:3])) > least


def test_a_quiet_sound_changes_less(editor, scene):
    changes = [
        np.abs(edited(editor, scene[:2], "fire", gain).astype(float) - scene[:2]).mean()
        for gain in (0.05, 0.3, 1.0)
    ]
    assert changes[0] < changes[1] < changes[2]
    assert changes[0] < 0.6 * changes[2]
