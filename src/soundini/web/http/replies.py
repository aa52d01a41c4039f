"""Short answers in JSON: one line that says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Send


async def reply(
    send: Send, status: int, words: str, headers: Mapping[str, str] | None = None
) -> None:
    """Answer a request with ``{"detail": words}``."""
    body = json.dumps({"detail": words}).encode()
    pairs = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        **(headers or {}),
    }
    start = [(name.encode(), value.encode()) for name, value in pairs.items()]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})
