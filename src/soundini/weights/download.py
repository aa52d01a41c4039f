"""A downloader for pooch that goes on where an earlier try stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20
_TIMEOUT_S = 30
_OK, _PARTIAL, _COMPLETE = 200, 206, 416


def resume_download(partial: Path, *, progress: bool = False) -> Callable[..., None]:
    """Make a downloader for ``pooch.retrieve``.

    Args:
        partial: where the part that has arrived is kept between tries.
        progress: draw a progress bar on standard error.
    """

    def download(url: str, output_file: Any, _: Any) -> None:
        import requests

        partial.parent.mkdir(parents=True, exist_ok=True)
        have = partial.stat().st_size if partial.exists() else 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as response:
            if have and response.status_code == _COMPLETE:
                partial.replace(output_file)
                return
            response.raise_for_status()
            if response.status_code != _PARTIAL:  # the server starts anew, so must we
                have = 0
            total = have + int(response.headers.get("Content-Length", 0))
            with partial.open("ab" if have else "wb") as file:
                for block in response.iter_content(_BLOCK):
                    file.write(block)
                    have += len(block)
                    if progress:
                        _draw(partial.stem, have, total)
        if have < total:
            raise OSError(f"the connection ended at {have} of {total} bytes")
        partial.replace(output_file)

    return download


def _draw(name: str, have: int, total: int) -> None:
    of = f" of {total / 1e6:.0f}" if total else ""
    end = "\n" if have >= total > 0 else ""
    print(f"\r{name}: {have / 1e6:.0f}{of} MB", end=end, file=sys.stderr, flush=True)
