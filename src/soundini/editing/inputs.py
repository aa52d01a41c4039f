"""What the inputs of an edit are, whatever they are called."""

from __future__ import annotations

from soundini.editing.request import EditRequest
from soundini.errors import MediaError
from soundini.media.opening import check_readable
from soundini.packs.pack import file_hash


def hash_inputs(request: EditRequest) -> dict[str, str]:
    """sha256 of every file that an edit reads; of a folder of masks, of every file in it.

    Raises:
        MediaError: a file is not there any more, or cannot be read.
    """
    hashes = {}
    for path in dict.fromkeys(request.inputs):
        files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
        for file in files:
            check_readable(file)  # a pipe or a device has no end
            try:
                hashes[str(file.absolute())] = file_hash(file)
            except OSError as error:
                raise MediaError(
                    "{file}: cannot be read ({why})", file=file, why=error.strerror
                ) from None
    return hashes
