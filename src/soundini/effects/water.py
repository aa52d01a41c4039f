"""Sea and river: water that takes the region and mirrors what lies above it, with foam where it meets what it does not cover."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from soundini.effects.canvas import blur, lerp, smoothstep
from soundini.effects.scene import Photographs, Scene

SEA, RIVER = "sea", "waterfall"
"""Labels of the photographs that some of the water comes from."""

_RENDERED = 0.6
"""Share of water that is rendered where there are photographs; the rest is cut out of those."""

_TRIES = 6

_LOW = 0.6
"""A region lower than this share of its width has rapids in it; a higher one a cascade."""

_SHORE = 0.08
"""Of the region's height: so much of the picture must lie above the region to be mirrored."""


def sea(scene: Scene) -> np.ndarray:
    """The region under the sea's surface: a wet film at a small amount, waves at 1."""
    return _flooded(scene, SEA, rendered_waves)


def river(scene: Scene) -> np.ndarray:
    """The region under running water: a wet film at a small amount, a torrent at 1."""
    return _flooded(scene, RIVER, rendered_stream)


def rendered_waves(scene: Scene) -> np.ndarray:
    """The open sea: long waves from deep blue to teal, with a few crests of foam; ``[H, W, 3]``."""
    draws = scene.draws("sea")
    deep = draws.tint((0.02, 0.16, 0.28), (0.08, 0.30, 0.44))
    bright = draws.tint((0.16, 0.46, 0.58), (0.34, 0.68, 0.78))
    return _waves(scene, deep, bright, length=0.4, foam=draws.between(0.03, 0.14))


def rendered_stream(scene: Scene) -> np.ndarray:
    """A stream: rapids in a low, wide region and where the water runs sideways, a cascade elsewhere; ``[H, W, 3]``."""
    heading, (height, width) = scene.moment.heading, scene.box_size
    sideways = heading is not None and abs(heading[0]) > abs(heading[1])
    return _rapids(scene) if sideways or height < _LOW * width else _cascade(scene)


def _waves(
    scene: Scene, deep: np.ndarray, bright: np.ndarray, *, length: float, foam: float
) -> np.ndarray:
    """Waves seen along the water, finer towards the horizon.

    Args:
        scene: where they go.
        deep: colour of troughs.
        bright: colour of crests.
        length: of a wave at the lowest row, in widths of the region.
        foam: share of the water that breaks.
    """
    draws = scene.draws("waves")
    least = draws.between(0.12, 0.4)
    nearness = _nearness(scene, least, 0.12)
    lengths = ("swell", 1.0), ("ripple", draws.between(0.2, 0.4)), ("chop", 0.07)
    swell, ripple, chop = (
        _in_perspective(scene, name, nearness, length * share) for name, share in lengths
    )
    surface = 0.58 * swell + 0.34 * ripple + 0.08 * chop
    slope = _slope(surface)
    tone = np.clip(0.42 + 0.2 * slope + 0.5 * (surface - 0.5), 0, 1)[..., None]
    water = lerp(deep, bright, tone)
    far = np.clip(1 - nearness, 0, 1)[..., None] * draws.between(0.2, 0.5)
    water = lerp(water, draws.between(0.6, 0.85) * np.array([0.92, 0.98, 1.04]), far * tone)
    water = lerp(water, _mirrored(scene, slope, tone), _mirrors(scene, nearness))
    crest = smoothstep(surface, *_highest(surface, foam, 0.06 + 0.3 * foam))
    lace = _in_perspective(scene, "lace", nearness, 0.03, period=0.9)
    spray = smoothstep(lace + 0.1 * slope, 0.3, 0.75)
    glint = smoothstep(slope, 1.6, 2.6) * (1 - 0.6 * np.clip(nearness, 0, 1))
    return _foamed(water, np.clip(crest * (0.2 + 0.8 * spray) + 0.5 * glint, 0, 1), scene)


def _cascade(scene: Scene) -> np.ndarray:
    """A mountain stream: water that drops from ledge to ledge, white where it falls, among wet rocks; ``[H, W, 3]``."""
    draws, unit = scene.draws("cascade"), scene.unit
    depth = 1 - np.clip(scene.rise, 0, 1)
    near = 0.45 + 0.55 * depth
    bend = scene.noise("ledges", (60 * unit, draws.between(16, 28) * unit)) - 0.5
    steps = draws.between(1.1, 1.8) * depth**1.2 + draws.between(0.8, 1.3) * bend
    after = steps % 1
    fall = smoothstep(after, 0, 0.06) * (1 - smoothstep(after, 0.5, 0.8))
    streak = draws.between(9, 15) * unit, draws.between(0.8, 1.3) * unit
    threads = scene.noise("threads", streak, speed=1.0, period=1.2)
    strands = scene.noise("strands", (7 * unit, max(1.0, 0.4 * unit)), speed=1.2, period=0.9)
    threads = np.clip(threads + 0.6 * (strands - 0.5), 0, 1)
    swirl = scene.noise("pools", (2.2 * unit, 6 * unit), speed=0.8, period=0.9)
    foot = np.exp(-(((after - 0.68) / 0.16) ** 2))
    broken = smoothstep(scene.noise("foam", (6 * unit, 3 * unit), speed=0.8, period=0.8), 0.3, 0.7)
    deep = draws.tint((0.14, 0.20, 0.18), (0.24, 0.32, 0.28))
    pale = draws.tint((0.46, 0.56, 0.54), (0.62, 0.70, 0.68))
    water = lerp(deep, pale, (0.15 + 0.5 * smoothstep(swirl, 0.35, 0.75))[..., None])
    gaps = smoothstep(scene.noise("gaps", (50 * unit, 7 * unit)), 0.18, 0.5)
    white = fall * gaps * (0.38 + 0.64 * smoothstep(threads, 0.2, 0.85)) + 0.7 * foot * broken
    white = np.clip(white + 0.35 * smoothstep(swirl, 0.6, 0.8), 0, 1)[..., None]
    water = lerp(lerp(water, pale, white), np.array([0.94, 0.97, 1.0]), white**2)
    return _among_rocks(water, scene, scene.noise("rocks", (9 * unit, 13 * unit)), near, lit=0.5)


def _rapids(scene: Scene) -> np.ndarray:
    """White water that runs over stones: standing waves that break, smooth tongues between, boulders; ``[H, W, 3]``."""
    draws, unit = scene.draws("rapids"), scene.unit
    least = draws.between(0.25, 0.45)
    nearness = _nearness(scene, least, 0.2)
    standing = _in_perspective(scene, "standing", nearness, 0.3, speed=0.0, period=3.0)
    running = _in_perspective(scene, "running", nearness, 0.12, speed=1.1, period=2.0)
    chop = _in_perspective(scene, "chop", nearness, 0.045, speed=1.1, period=2.0)
    surface = 0.5 * standing + 0.33 * running + 0.17 * chop
    slope = _slope(surface)
    deep = draws.tint((0.08, 0.17, 0.14), (0.16, 0.26, 0.21))
    bright = draws.tint((0.38, 0.54, 0.48), (0.54, 0.68, 0.60))
    tone = np.clip(0.4 + 0.16 * slope + 0.9 * (surface - 0.5), 0, 1)[..., None]
    water = lerp(deep, bright, tone)
    water = lerp(water, _mirrored(scene, slope, tone), 0.8 * _mirrors(scene, nearness))
    lace = _in_perspective(scene, "lace", nearness, 0.04, speed=1.1, period=1.5)
    bubbles = scene.noise("bubbles", unit, speed=1.0, period=1.5, octaves=1)
    crest = smoothstep(surface, *_highest(surface, draws.between(0.35, 0.5), 0.3))
    foam = crest * smoothstep(lace + 0.1 * slope, 0.25, 0.75) * lerp(0.6, 1.1, bubbles)
    foam = np.clip(foam + 0.25 * crest**2, 0, 1)
    stones = _in_perspective(scene, "stones", nearness, 0.17, flat=1.4, speed=0.0, period=0.0)
    water = _foamed(water, foam, scene)
    return _among_rocks(water, scene, stones, 0.6 + 0.4 * nearness, lit=0.85)


def _among_rocks(
    water: np.ndarray, scene: Scene, shape: np.ndarray, near: np.ndarray, *, lit: float
) -> np.ndarray:
    """Boulders where a field is highest, wet and lit from above by ``lit``. Boulders far up are fainter."""
    draws, unit = scene.draws("rocks"), scene.unit
    grain = scene.noise("grain", 1.6 * unit)
    level = float(np.quantile(shape, 1 - draws.between(0.05, 0.12)))
    stands = smoothstep(shape - level + 0.03 * (grain - 0.5), 0, 0.08) * np.clip(near + 0.2, 0, 1)
    relief = np.roll(shape, -max(1, round(unit)), 0) - shape
    relief = relief / max(float(relief.std()), 1e-4)
    light = np.clip(lit + 0.3 * relief + 0.8 * lit * (grain - 0.5), 0.1, 1.5)[..., None]
    stone = draws.tint((0.20, 0.20, 0.17), (0.36, 0.34, 0.28)) * light
    splash = np.clip(4 * stands * (1 - stands), 0, 1) * smoothstep(grain, 0.4, 0.7)
    return np.clip(lerp(lerp(water, stone, stands[..., None]), 0.95, 0.6 * splash[..., None]), 0, 1)


def _nearness(scene: Scene, least: float, lowest: float) -> np.ndarray:
    """How near water is, ``[H, 1]``: 1 at the region's lowest row, ``least`` at its highest, never below ``lowest``."""
    return np.clip(least + (1 - least) * (1 - scene.rise), lowest, 1.5)


def _in_perspective(
    scene: Scene,
    name: str,
    nearness: np.ndarray,
    length: float,
    *,
    flat: float = 3.2,
    speed: float = 1.2,
    period: float = 1.6,
) -> np.ndarray:
    """Noise, ``flat`` times as wide as high, that shrinks with distance: ``[H, W]``, about [0, 1]; ``length`` in widths."""
    rows, columns = scene.places
    width = scene.box_size[1]
    foot, middle = scene.box[0].stop, (scene.box[1].start + scene.box[1].stop) / 2
    depth = np.cumsum(1 / nearness[::-1], 0)[::-1] - 1 / nearness[-1:]
    depth = np.broadcast_to(depth - np.interp(foot, rows[:, 0], depth[:, 0]), rows.shape)
    across = (columns - middle) / nearness
    cell = 0.5 * length * width, 0.5 * flat * length * width
    return scene.noise(name, cell, speed=speed, period=period, at=(-depth, across))


def _slope(surface: np.ndarray) -> np.ndarray:
    """How steeply a surface rises towards the viewer, with a deviation of 1."""
    slope = surface - np.roll(surface, 1, 0)
    return slope / max(float(slope.std()), 1e-4)


def _mirrored(scene: Scene, slope: np.ndarray, tone: np.ndarray) -> np.ndarray:
    """What the water mirrors, broken by its waves: what lies above the region, or the region itself where that is little.

    Args:
        scene: where the water is.
        slope: see :func:`_slope`.
        tone: light on the surface, in [0, 1].

    Shape:
        ``slope``: ``[H, W]``; ``tone``: ``[H, W, 1]``; returns ``[H, W, 3]``.
    """
    rows, columns = scene.places
    box, unit = scene.box[0], scene.unit
    axis = box.start if _has_shore(scene) else (box.start + box.stop - 1) / 2
    broken = np.clip(slope, -2, 2) * unit
    down = (2 * axis - rows + 2.5 * broken).astype(np.float32)
    right = (columns + 0.8 * broken).astype(np.float32)
    mirrored = cv2.remap(
        scene.picture, right, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return cv2.GaussianBlur(mirrored, (0, 0), 0.7 * unit, sigmaY=2.5 * unit) * lerp(0.55, 1.2, tone)


def _mirrors(scene: Scene, nearness: np.ndarray) -> np.ndarray:
    """Share of the light that a surface mirrors, ``[H, 1, 1]``: more the flatter it is looked at, and if there is a shore."""
    share = lerp(0.6, 0.25, np.clip(nearness, 0, 1))[..., None]
    return share if _has_shore(scene) else 0.5 * share


def _has_shore(scene: Scene) -> bool:
    """Whether enough of the picture lies above the region to be mirrored in it."""
    return scene.box[0].start > _SHORE * scene.box_size[0]


def _highest(field: np.ndarray, share: float, width: float) -> tuple[float, float]:
    """Levels between which the highest ``share`` of a field begins: a soft threshold."""
    level = float(np.quantile(field, 1 - share))
    return level - width / 2, level + width / 2


def _foamed(water: np.ndarray, foam: np.ndarray, scene: Scene) -> np.ndarray:
    white = scene.draws("foam").between(0.85, 1.0) * np.array([0.97, 1.0, 1.0], np.float32)
    return np.clip(lerp(water, white, (0.95 * foam)[..., None]), 0, 1)


def _flooded(scene: Scene, label: str, rendered: Callable[[Scene], np.ndarray]) -> np.ndarray:
    draws, picture, amount = scene.draws("flood"), scene.picture, scene.amount
    photographs = scene.photographs
    if draws.chance(_RENDERED) or photographs is None or not photographs.has(label):
        water = rendered(scene)
    else:
        water = scene.placed(_photographed(scene, photographs, label))
    water = _in_the_light_of(water, picture, scene.matte, draws.between(0, 0.25))
    level = lerp(0.3, 1.6, amount) + 0.25 * (scene.noise("level", 16 * scene.unit, period=1) - 0.5)
    covered = (1 - smoothstep(scene.rise - level, -0.25, 0.05)) * scene.matte
    covered = covered * lerp(0.45, 1, min(1.0, 1.4 * amount))
    wet = picture * (1 - 0.35 * scene.cover * amount)
    flooded = lerp(wet, water, covered[..., None])
    return np.clip(lerp(flooded, draws.between(0.75, 0.97), _foam(covered, scene)[..., None]), 0, 1)


def _photographed(scene: Scene, photographs: Photographs, label: str) -> np.ndarray:
    """A crop of a photograph as large as the region's box: of some, the one that is most blue and most broken by light."""
    draws = scene.draws("photographed water")
    best: tuple[float, np.ndarray] | None = None
    for _ in range(_TRIES):
        crop = photographs.crop(label, scene.box_size, draws.rng, 0.4)
        fine = crop.mean(-1) - blur(crop.mean(-1), 2 * scene.unit)
        cold = float((crop[..., 2] - crop[..., 0]).mean())
        score = min(cold, 0.15) + 3 * min(float(fine.std()), 0.08)
        if best is None or score > best[0]:
            best = score, crop
    assert best is not None
    return best[1]


def _in_the_light_of(
    water: np.ndarray, picture: np.ndarray, matte: np.ndarray, share: float
) -> np.ndarray:
    """Water with the mean colour moved towards the picture's within the matte by a share."""
    weight = matte[..., None] / max(float(matte.sum()), 1e-3)
    wanted, own = (picture * weight).sum((0, 1)), (water * weight).sum((0, 1))
    return np.clip(water * lerp(1, np.clip(wanted / (own + 0.05), 0.4, 1.8), share), 0, 1)


def _foam(covered: np.ndarray, scene: Scene) -> np.ndarray:
    """A broken white line where the water ends inside the picture: ``[H, W]``."""
    soft = blur(covered, 0.8 * scene.unit)
    rim = 4 * soft * (1 - soft)
    broken = smoothstep(scene.noise("shore", 4 * scene.unit, period=0.8), 0.4, 0.65)
    return rim * broken * scene.matte * scene.draws("shore").between(0, 0.8) * scene.amount
