"""Limits on what is read of a file; environment variables raise most of them."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from soundini.errors import ConfigError, MediaError, Message

MIN_SIDE = 16
"""Pixels of the smallest side of a video."""
MAX_SIDE = 8192
"""Pixels of the largest side: what H.264 holds, so no variable raises it."""
MAX_PIXELS = 8192 * 4320
"""Pixels of the largest picture, video frames and masks alike."""
MAX_SAMPLE_RATE = 384_000
"""Samples a second of a sound."""


@dataclass(frozen=True)
class Limit:
    """An amount that no file may exceed.

    Args:
        variable: the environment variable that sets another.
        default: without it.
        unit: what is counted.
    """

    variable: str
    default: float
    unit: str

    @property
    def value(self) -> float:
        """The present amount: of the environment, else the default.

        Raises:
            ConfigError: the variable is no number above 0.
        """
        text = os.environ.get(self.variable, "")
        try:
            value = float(text) if text else self.default
        except ValueError:
            value = 0.0
        if not value > 0:
            raise ConfigError(
                "{variable}={text!r} is no number of {unit} above 0",
                variable=self.variable,
                text=text,
                unit=self.unit,
            )
        return value

    def exceeded(self, path: Path, what: Message) -> MediaError:
        """The error that names what is too much, the limit, and how to raise it."""
        return MediaError(
            "{file}: {what}, more than the limit of {most:g} {unit}; cut it shorter, or raise the "
            "limit with {variable}",
            file=path,
            what=what,
            most=self.value,
            unit=self.unit,
            variable=self.variable,
        )


FRAMES = Limit("SOUNDINI_MAX_FRAMES", 5_000_000, "frames")
"""Of one video: two days at 24 a second."""
VIDEO_SECONDS = Limit("SOUNDINI_MAX_VIDEO_SECONDS", 172_800, "seconds")
"""From the first to the last frame of one video: only the part that is edited is held, so it may be long."""
SOUND_SECONDS = Limit("SOUNDINI_MAX_SOUND_SECONDS", 3600, "seconds")
"""Of a sound, and of the part of a video that it is laid along: both are held in memory."""
IDLE_SECONDS = Limit("SOUNDINI_MAX_IDLE_SECONDS", 60, "seconds")
"""Of reading a file without decoding a picture or a sound."""


class IdleTimeout:
    """Stops reading a file if nothing could be decoded for too long, such as gigabytes without a picture.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._most = IDLE_SECONDS.value
        self._since = time.monotonic()

    def renew(self) -> None:
        """Restart the time: something was decoded."""
        self._since = time.monotonic()

    def check(self) -> None:
        """Check the time since something was decoded.

        Raises:
            MediaError: it is too long.
        """
        if time.monotonic() - self._since > self._most:
            what = Message("nothing of it could be decoded for longer")
            raise IDLE_SECONDS.exceeded(self._path, what)
