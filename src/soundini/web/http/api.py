"""The HTTP API: each route only calls the service, on behalf of the request's session."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from pydantic import Field

from soundini.config.presets import preset_names
from soundini.editing.carried_masks import with_masks
from soundini.web.files.recipe_box import recipe_box
from soundini.web.form import EditForm
from soundini.web.http.contents import (
    drawn_reply,
    file_reply,
    film_reply,
    name_for,
    photograph_reply,
    picture_reply,
    recipe_reply,
    saved_film_reply,
)
from soundini.web.http.events import add_events_route
from soundini.web.http.replies import Owner, Words
from soundini.web.limits import Limits
from soundini.web.service import EditService
from soundini.web.views import (
    ExampleView,
    FileKind,
    Heard,
    JobView,
    OverlayProgress,
    Price,
    Restored,
    StoredFile,
    VideoFacts,
    View,
)

PREFIX = "/api/v1"


class FileView(View):
    """An uploaded file."""

    id: str
    """Its id in later requests."""
    kind: FileKind
    """What it was uploaded as."""
    label: str
    """Your own name for it."""
    facts: VideoFacts | None = None
    """What a video is."""


class OverlayView(View):
    """A film that shows where the mask lies."""

    name: str
    """Its name; the same mask gives the same name."""
    url: str
    """Its address."""


class Naming(View):
    """A new name for a job."""

    label: Annotated[str, Field(min_length=1, max_length=1000)]
    """The name: it is shown, and its files are saved under it."""


def make_router(service: EditService) -> APIRouter:
    """The routes over a service."""
    router = APIRouter(prefix=PREFIX)
    _add_file_routes(router, service)
    _add_example_routes(router, service)
    _add_mask_and_sound_routes(router, service)
    _add_job_routes(router, service)
    _add_result_routes(router, service)
    add_events_route(router, service)

    @router.get("/presets", tags=["settings"])
    def presets() -> list[str]:
        """Names of the presets."""
        return preset_names()

    @router.get("/sound-classes", tags=["settings"])
    def sound_classes() -> tuple[str, ...]:
        """The classes that ``heard_as`` may name; none if the models have a text tower instead."""
        classes = service.sound_classes
        service.warm()  # the page asks for this after its first paint, so loading the models does not delay it
        return classes

    @router.get("/limits", tags=["settings"])
    def limits() -> Limits:
        """The limits of this server."""
        return service.limits

    return router


def _add_file_routes(router: APIRouter, service: EditService) -> None:
    def told(owner: str, file: StoredFile) -> FileView:
        facts = service.video_facts(owner, file.id) if file.kind == "video" else None
        return FileView(id=file.id, kind=file.kind, label=file.label, facts=facts)

    @router.post("/files", status_code=201, tags=["files"])
    async def upload(
        request: Request,
        owner: Owner,
        kind: Annotated[FileKind, Query(description="What it is to be.")],
        label: Annotated[str, Query(max_length=1000, description="Your own name for it.")] = "",
    ) -> FileView:
        """Upload a file: the body of the request is its bytes."""
        incoming = await run_in_threadpool(service.begin_file, owner, kind, label)
        with incoming:
            incoming.expect(int(request.headers.get("content-length", "0")))
            async for block in request.stream():
                await run_in_threadpool(incoming.write, block)
            stored = await run_in_threadpool(incoming.finish)
        return await run_in_threadpool(told, owner, stored)

    @router.get("/files/{file_id}", tags=["files"])
    def file(owner: Owner, file_id: str) -> FileView:
        """What a file is."""
        return told(owner, service.file(owner, file_id))

    @router.delete("/files/{file_id}", status_code=204, tags=["files"])
    def delete_file(owner: Owner, file_id: str) -> None:
        """Delete a file."""
        service.delete_file(owner, file_id)

    @router.get("/files/{file_id}/content", tags=["files"], response_class=FileResponse)
    def content(owner: Owner, file_id: str) -> FileResponse:
        """Get a file back."""
        path = service.file(owner, file_id).path
        return file_reply(path)

    @router.get("/files/{file_id}/frames/{index}.png", tags=["files"], response_class=Response)
    def frame(
        owner: Owner,
        file_id: str,
        index: int,
        side: Annotated[int, Query(ge=16, le=8192, description="Most pixels of a side.")] = 8192,
    ) -> Response:
        """Get a frame of a video as a picture."""
        return picture_reply(service.small_frame(owner, file_id, index, side))

    @router.get("/files/{file_id}/strip.jpg", tags=["files"], response_class=Response)
    def strip(
        owner: Owner,
        file_id: str,
        count: Annotated[int, Query(ge=1, le=64, description="How many.")] = 12,
        height: Annotated[int, Query(ge=16, le=256, description="Pixels of each.")] = 64,
    ) -> Response:
        """Get small pictures along a video, side by side in one."""
        return photograph_reply(service.strip(owner, file_id, count, height))

    @router.get("/files/{file_id}/form", tags=["files"])
    def restored(owner: Owner, file_id: str) -> Restored:
        """Read the form of an edit from a recipe, or from a video that was made here, and list what is missing here."""
        return service.restored(owner, file_id)


def _add_example_routes(router: APIRouter, service: EditService) -> None:
    @router.get("/examples", tags=["examples"])
    def examples() -> list[ExampleView]:
        """List the examples: installed clips with synthesised sounds."""
        return [ExampleView(name=name) for name in service.examples()]

    @router.post("/examples/{name}", tags=["examples"])
    def example(owner: Owner, name: str) -> EditForm:
        """Add the files of an example to your own, and return the form that edits them."""
        return service.try_example(owner, name)


def _add_mask_and_sound_routes(router: APIRouter, service: EditService) -> None:
    @router.post("/heard", tags=["looking first"])
    def heard(owner: Owner, form: EditForm) -> Heard:
        """Analyse the sound along the part that a form names."""
        return service.hear(owner, form)

    @router.post("/price", tags=["looking first"])
    def price(owner: Owner, form: EditForm) -> Price:
        """Estimate how long an edit of the part would take on this machine."""
        return service.price(owner, form)

    @router.post("/overlays", tags=["looking first"])
    def draw(owner: Owner, form: EditForm) -> OverlayView:
        """Draw the mask over the part that a form names."""
        name = service.mask_overlay(owner, form).stem
        return OverlayView(name=name, url=f"{PREFIX}/overlays/{name}.mp4")

    @router.get("/overlays/progress", tags=["looking first"])
    def progress(owner: Owner) -> OverlayProgress:
        """Return how far the overlay is that is being drawn."""
        return service.overlay_progress(owner)

    @router.get("/overlays/progress/{index}.jpg", tags=["looking first"], response_class=Response)
    def drawn(owner: Owner, index: int) -> Response:
        """Show a finished frame of it, by its number in the video; 204 if it is not drawn yet."""
        picture = service.drawn(owner, index)
        return Response(status_code=204) if picture is None else drawn_reply(picture)

    @router.delete("/overlays/progress", status_code=204, tags=["looking first"])
    def stop(owner: Owner) -> None:
        """Stop drawing it; the request that asked for it ends with an error."""
        service.stop_overlay(owner)

    @router.get("/overlays/{name}.mp4", tags=["looking first"], response_class=FileResponse)
    def overlay(owner: Owner, name: str) -> FileResponse:
        """Play an overlay."""
        return film_reply(service.overlay(owner, name))


def _add_job_routes(router: APIRouter, service: EditService) -> None:
    @router.post("/jobs", status_code=201, tags=["jobs"])
    def submit(owner: Owner, words: Words, form: EditForm) -> JobView[str]:
        """Submit an edit."""
        return words.job(service.job(owner, service.submit(owner, form)))

    @router.get("/jobs", tags=["jobs"])
    def jobs(owner: Owner, words: Words) -> list[JobView[str]]:
        """List your jobs, the newest first."""
        return [words.job(job) for job in service.jobs(owner)]

    @router.get("/jobs/{job_id}", tags=["jobs"])
    def job(owner: Owner, words: Words, job_id: str) -> JobView[str]:
        """Return the state of a job."""
        return words.job(service.job(owner, job_id))

    @router.get("/jobs/{job_id}/form", tags=["jobs"])
    def form(owner: Owner, job_id: str) -> EditForm:
        """Return the form of a job."""
        return service.form(owner, job_id)

    @router.patch("/jobs/{job_id}", tags=["jobs"])
    def rename(owner: Owner, words: Words, job_id: str, naming: Naming) -> JobView[str]:
        """Rename a job."""
        service.rename(owner, job_id, naming.label)
        return words.job(service.job(owner, job_id))

    @router.post("/jobs/{job_id}/cancel", tags=["jobs"])
    def cancel(owner: Owner, words: Words, job_id: str) -> JobView[str]:
        """Stop a job within a step; it can be resumed."""
        service.cancel(owner, job_id)
        return words.job(service.job(owner, job_id))

    @router.post("/jobs/{job_id}/resume", tags=["jobs"])
    def resume(owner: Owner, words: Words, job_id: str) -> JobView[str]:
        """Resume a job that was cancelled, interrupted or failed."""
        service.resume(owner, job_id)
        return words.job(service.job(owner, job_id))

    @router.delete("/jobs/{job_id}", status_code=204, tags=["jobs"])
    def delete(owner: Owner, job_id: str) -> None:
        """Delete a job and its results."""
        service.delete(owner, job_id)


def _add_result_routes(router: APIRouter, service: EditService) -> None:
    @router.get("/jobs/{job_id}/preview.png", tags=["results"], response_class=Response)
    def preview(owner: Owner, job_id: str) -> Response:
        """Show the window that is being sampled; 204 if none is."""
        picture = service.preview(owner, job_id)
        return Response(status_code=204) if picture is None else picture_reply(picture)

    @router.get("/jobs/{job_id}/video", tags=["results"], response_class=FileResponse)
    def video(owner: Owner, job_id: str, download: bool = False, view: bool = False) -> Response:
        """Get the edited video: to view, in a size that every browser plays; to download, with its recipe inside."""
        result = service.result(owner, job_id)
        name = name_for(service.job(owner, job_id).label)
        if download and not view:
            return saved_film_reply(result.video, recipe_box(with_masks(result.recipe)), name)
        return film_reply(result.view if view else result.video, name)

    @router.get("/jobs/{job_id}/source", tags=["results"], response_class=FileResponse)
    def source(owner: Owner, job_id: str, view: bool = False) -> FileResponse:
        """Get the same part of the source; to view, like the video."""
        result = service.result(owner, job_id)
        return film_reply(result.source_view if view else result.source)

    @router.get("/jobs/{job_id}/recipe", tags=["results"], response_class=Response)
    def recipe(owner: Owner, job_id: str) -> Response:
        """Get the recipe that repeats the edit; it holds painted masks."""
        path = service.result(owner, job_id).recipe
        name = name_for(service.job(owner, job_id).label)
        return recipe_reply(with_masks(path), f"{name}.recipe.json")

    @router.get("/jobs/{job_id}/thumbnail.jpg", tags=["results"], response_class=Response)
    def thumbnail(
        owner: Owner,
        job_id: str,
        height: Annotated[int, Query(ge=16, le=512, description="Its pixels.")] = 120,
    ) -> Response:
        """Get a small picture of the middle of the edited video."""
        return photograph_reply(service.thumbnail(owner, job_id, height))
