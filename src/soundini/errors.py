"""What went wrong, in one line that says what to do about it."""


class SoundiniError(Exception):
    """An error the user can mend: bad input, a bad setting, a full disk.

    The message is one line: what is wrong, then what to do. The command line prints it without a traceback and
    exits with :attr:`exit_code`. Anything that is not a ``SoundiniError`` is a defect of soundini.
    """

    exit_code: int = 2


class MediaError(SoundiniError):
    """A video, a sound or an image cannot be read or written."""


class UnheardError(MediaError):
    """A sound cannot be heard along the frames that it is to change."""


class MaskError(SoundiniError):
    """A mask is empty, of the wrong size, or cannot be understood."""


class ConfigError(SoundiniError):
    """A recipe, a preset or an override names an unknown setting or a value out of range."""


class ModelError(SoundiniError):
    """A model pack is missing, incomplete, or does not hold what its configuration says."""
