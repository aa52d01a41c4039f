"""The limits of the server, for one visitor and for all together; ``soundini web --set`` changes them."""

from pydantic import Field

from soundini.config.section import Section

MIB = 2**20


class Limits(Section):
    """Amounts that no request exceeds."""

    video_mib: float = Field(default=512, gt=0, le=65536)
    """MiB of a video that is uploaded."""
    sound_mib: float = Field(default=128, gt=0, le=65536)
    """MiB of a sound that is uploaded."""
    picture_mib: float = Field(default=32, gt=0, le=1024)
    """MiB of a painted mask that is uploaded."""
    recipe_mib: float = Field(default=512, gt=0, le=65536)
    """MiB of a recipe that is uploaded, or of a video that carries one."""
    side: int = Field(default=4096, ge=16, le=8192)
    """Pixels of a picture's longer side."""
    pixels: int = Field(default=4096 * 2304, ge=256)
    """Pixels of a picture."""
    video_seconds: float = Field(default=600, gt=0)
    """Seconds of a video."""
    sound_seconds: float = Field(default=600, gt=0)
    """Seconds of a sound."""
    region_size: int = Field(default=512, ge=32, le=2048)
    """Largest ``region.size`` that a visitor may set: memory grows with its square."""
    window_frames: int = Field(default=64, ge=1, le=1024)
    """Most frames sampled together."""
    steps: int = Field(default=1000, ge=1)
    """Most sampling steps of a window, repeats included, and iterations of the baselines that optimise."""
    views: int = Field(default=32, ge=1, le=64)
    """Most ``guidance.augment.views``."""
    files: int = Field(default=200, ge=1)
    """Files that one visitor may have here at once."""
    storage_mib: float = Field(default=4096, gt=0)
    """MiB of all uploads of one visitor."""
    total_mib: float = Field(default=32768, gt=0)
    """MiB of everything in the server's folder; when it is full, uploads and jobs are refused."""
    waiting: int = Field(default=8, ge=1)
    """Edits of one visitor that may wait or run at once."""
    waiting_in_all: int = Field(default=64, ge=1)
    """Edits of all visitors that may wait or run at once."""
    watchers: int = Field(default=16, ge=1)
    """Streams of events that one visitor may have open."""
    requests_a_second: float = Field(default=50, gt=0)
    """Requests of one address in the long run."""
    burst: int = Field(default=600, ge=1)
    """Requests of one address at once: a page is made of many files."""
    guesses_a_minute: float = Field(default=6, gt=0)
    """Wrong passwords of one address in the long run, after a few at once."""

    def upload_bytes(self, kind: str) -> int:
        """Bytes of an upload of a kind (``video``, ``sound``, ``mask`` or ``recipe``)."""
        amounts = {"video": self.video_mib, "sound": self.sound_mib, "mask": self.picture_mib}
        return round(amounts.get(kind, self.recipe_mib) * MIB)

    @property
    def body_bytes(self) -> int:
        """Bytes of the largest request of any kind, with room for what surrounds a file."""
        kinds = ("video", "sound", "mask", "recipe")
        return max(map(self.upload_bytes, kinds)) + MIB
