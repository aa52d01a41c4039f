"""How effects move by themselves."""

from typing import Annotated

from pydantic import Field

from soundini.config.section import Section

Velocity = tuple[
    Annotated[float, Field(ge=-20, le=20)],
    Annotated[float, Field(ge=-20, le=20)],
]


class DriftConfig(Section):
    """How effects move by themselves: right and down, in region heights a second."""

    speed: float = Field(default=1.0, ge=0, le=10)
    """Factor on all of them; with 0 nothing moves by itself."""
    fire: Velocity = (0.0, -0.9)
    """Of flames, which rise."""
    explosion: Velocity = (0.0, -0.25)
    """Of fire and smoke of an explosion."""
    thunderstorm: Velocity = (0.0, 0.0)
    """Of a storm, which stands still; its bolts change with every onset of the sound."""
    rain: Velocity = (0.15, 1.8)
    """Of drops."""
    snow_wind: Velocity = (0.12, 0.35)
    """Of flakes, which sway as they fall."""
    sea: Velocity = (0.12, 0.0)
    """Of waves; along the longer side of the region."""
    river: Velocity = (0.0, 0.7)
    """Of running water, which falls over ledges; sideways, it runs in waves."""
    underwater: Velocity = (0.0, -0.18)
    """Of bubbles."""

    def velocity(self, name: str) -> Velocity:
        """Velocity of a class of effects, speed included; a class that has none stands still."""
        right, down = getattr(self, name, (0.0, 0.0)) if name != "speed" else (0.0, 0.0)
        return self.speed * right, self.speed * down
