"""What is published of a checkpoint: its files, their addresses, and how they are known."""

from dataclasses import dataclass

PACKS = ("paper-256", "paper-512", "paper-512-uncond")
"""Names of the packs of the paper."""


@dataclass(frozen=True)
class Source:
    """One published file.

    Args:
        file: its published name, or the usual one where that is a mere "last.ckpt".
        urls: addresses of this very file, in order of preference.
        sha256: of the file, where it is published.
        sha256_prefix: the first digits of it, where only those are published (in torchvision's names).
        git_blob: the file's object name in git, where that is published: sha1 of a header and the file.
        bytes: size of the file, where it is published.
        about_bytes: about that, where no more is published.
        licence: what is stated for this file, where it is not what the entry says.
    """

    file: str
    urls: tuple[str, ...]
    sha256: str | None = None
    sha256_prefix: str | None = None
    git_blob: str | None = None
    bytes: int | None = None
    about_bytes: int | None = None
    licence: str | None = None

    @property
    def fingerprint(self) -> str:
        """What the file is checked by: size and hash."""
        if self.sha256 or self.sha256_prefix:
            known = [f"sha256 {self.sha256 or f'{self.sha256_prefix}...'}"]
        elif self.git_blob:
            known = [f"git blob {self.git_blob}"]
        else:
            known = ["no published sha256"]
        if self.bytes is not None:
            known.insert(0, f"{self.bytes:,} bytes")
        return ", ".join(known)


@dataclass(frozen=True)
class Entry:
    """One checkpoint.

    Args:
        name: of its format, see :mod:`soundini.weights.formats`.
        sources: published files that it can be made from, in order of preference.
        licence: what its authors say.
        purpose: what soundini uses it for.
        numbers: how many numbers the file holds at the least.
        packs: which packs need it.
        restriction: what the licence forbids or leaves open; empty for a free licence.
    """

    name: str
    sources: tuple[Source, ...]
    licence: str
    purpose: str
    numbers: int
    packs: tuple[str, ...] = ()
    restriction: str = ""

    @property
    def file(self) -> str:
        """Name of the preferred file."""
        return self.sources[0].file

    @property
    def origin(self) -> str:
        """Where the preferred file is from, and how to know it: address, size and hash."""
        first = self.sources[0]
        return f"{first.urls[0]} ({first.fingerprint})"

    def least_bytes(self, source: Source) -> int:
        """Size of a file, or the least it can be where none is published: its numbers in half precision."""
        return source.bytes or 2 * self.numbers

    @property
    def expected_bytes(self) -> int:
        """About how much is downloaded: the published size, or that of the numbers in float32."""
        first = self.sources[0]
        return first.bytes or first.about_bytes or 4 * self.numbers
