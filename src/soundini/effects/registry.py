"""Which effect belongs to which class of sounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from soundini.effects.explosion import explosion
from soundini.effects.fire import fire
from soundini.effects.rain import rain
from soundini.effects.scene import Scene
from soundini.effects.snow_wind import snow_wind
from soundini.effects.thunderstorm import thunderstorm
from soundini.effects.underwater import underwater
from soundini.effects.water import river, sea

Effect = Callable[[Scene], np.ndarray]

EFFECTS: dict[str, Effect] = {
    "fire": fire,
    "explosion": explosion,
    "thunderstorm": thunderstorm,
    "rain": rain,
    "snow_wind": snow_wind,
    "sea": sea,
    "river": river,
    "underwater": underwater,
}
"""Each takes a :class:`Scene` and gives the picture with the effect: ``[H, W, 3]``, which may leave [0, 1] a little."""
