"""Which effect belongs to which class of sounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from soundini.training.composites.explosion import explosion
from soundini.training.composites.fire import fire
from soundini.training.composites.rain import rain
from soundini.training.composites.scene import Scene
from soundini.training.composites.snow_wind import snow_wind
from soundini.training.composites.thunderstorm import thunderstorm
from soundini.training.composites.underwater import underwater
from soundini.training.composites.water import river, sea

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
"""Each takes a :class:`Scene` and gives the picture with the effect: ``[S, S, 3]``, which may leave [0, 1] a little."""
