"""Streams the events of a job as server-sent events."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from soundini.web.http.replies import Owner, Words
from soundini.web.refusals import BusyError, MissingError
from soundini.web.service import EditService
from soundini.web.words.problems import Problems

_PAUSE = 0.1
"""Seconds between two checks for new events."""
_KEEP_ALIVE = 15.0
"""After this many seconds without an event, a stream sends a sign of life."""


def add_events_route(router: APIRouter, service: EditService) -> None:
    """Add the route that streams a job."""
    watching: Counter[str] = Counter()

    @router.get("/jobs/{job_id}/events", tags=["jobs"], response_class=StreamingResponse)
    async def events(
        owner: Owner,
        words: Words,
        job_id: str,
        after: Annotated[int, Query(ge=0, description="Number of the last event you know.")] = 0,
        last_event_id: Annotated[int | None, Header(ge=0)] = None,
    ) -> StreamingResponse:
        """Stream the events of a job until it ends; each holds the whole job."""
        service.job(owner, job_id)
        if watching[owner] >= service.limits.watchers:
            raise BusyError("you watch {count} jobs already; close a stream", count=watching[owner])

        async def stream(known: int) -> AsyncIterator[str]:
            watching[owner] += 1
            try:
                async for text in _streamed(service, owner, words, job_id, known):
                    yield text
            finally:
                watching[owner] -= 1

        known = after if last_event_id is None else last_event_id
        return StreamingResponse(
            stream(known), media_type="text/event-stream", headers={"cache-control": "no-store"}
        )


async def _streamed(
    service: EditService, owner: str, words: Problems, job_id: str, known: int
) -> AsyncIterator[str]:
    silent = 0.0
    while True:
        try:
            news, rests = service.news(owner, job_id, known)
        except MissingError:  # deleted meanwhile
            return
        for event in news:
            known = event.number
            yield f"id: {known}\nevent: job\ndata: {words.job(event.job).model_dump_json()}\n\n"
        if rests:
            return
        silent = 0.0 if news else silent + _PAUSE
        if silent >= _KEEP_ALIVE:
            silent = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(_PAUSE)
