"""Writing a sound as a WAV file."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from soundini.media.output import PartialFile
from soundini.media.sound import Sound


def write_wav(path: Path, sound: Sound) -> None:
    """Write 16-bit PCM; the file appears by atomic rename.

    Raises:
        MediaError: it cannot be written.
    """
    levels = np.rint(sound.samples.T.clip(-1, 1) * 32767).astype("<i2")
    with PartialFile(path) as file:
        with wave.open(str(file.partial), "wb") as out:
            out.setnchannels(sound.samples.shape[0])
            out.setsampwidth(2)
            out.setframerate(sound.sample_rate)
            out.writeframes(levels.tobytes())
        file.commit()
