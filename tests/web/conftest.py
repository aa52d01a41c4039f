import re
import subprocess
import sys
import threading
from contextlib import contextmanager

import httpx
import numpy as np
import pytest
import uvicorn

import media_factory as make
from soundini.media.video_reader import VideoReader
from soundini.web.form import EditForm, PaintedMask
from soundini.web.http.app import make_app
from soundini.web.http.serving import address_of, listen
from soundini.web.jobs.retention import FOR_EVER
from soundini.web.limits import Limits
from soundini.web.service import EditService

QUICK = ("sampling.steps=2", "region.size=32", "window.frames=4", "window.overlap=1")
SLOW = ("sampling.steps=200", "region.size=64", "window.frames=4", "window.overlap=1")
ME, YOU = "a" * 32, "b" * 32


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    """A clip of 24 frames of 96x64 with a sound, a noise that swells, and a disc painted on a frame; made once."""
    folder = tmp_path_factory.mktemp("media")
    make.write_video(folder / "clip.mp4", 24, audio=make.tone(1.0))
    rng = np.random.default_rng(0)
    swell = np.linspace(0.05, 1, 48000) * rng.uniform(-0.6, 0.6, 48000)
    make.write_sound(folder / "fire.wav", swell[None].astype(np.float32))
    make.write_image(folder / "disc.png", make.disc_mask())
    return folder


@pytest.fixture
def service_in(tmp_path):
    """Makes a service in a folder of the test's own, with the tiny random models."""
    made = []

    def make_service(name="web", keep=FOR_EVER, **limits):
        made.append(EditService(tmp_path / name, Limits(**limits), "debug", keep))
        return made[-1]

    yield make_service
    for service in made:
        service.close()


@pytest.fixture
def service(service_in):
    return service_in()


@pytest.fixture
def form_for(media):
    """A form of that clip, its files uploaded for an owner."""

    def make_form(service, owner=ME, **fields):
        ids = {}
        for kind, name in (("video", "clip.mp4"), ("sound", "fire.wav")):
            with (media / name).open("rb") as stream:
                ids[kind] = service.add_file(owner, kind, stream, name).id
        asked = {"box": (0.25, 0.2, 0.4, 0.6), "settings": QUICK, **fields}
        return EditForm(**ids, **asked)

    return make_form


def wait(service, owner, job_id):
    """The job when it rests."""
    *_, last = service.events(owner, job_id)
    return last.job


def running(service, owner, job_id):
    """The job as soon as a step of it is done."""
    return next(e.job for e in service.events(owner, job_id) if e.job.step and e.job.losses)


@contextmanager
def serving(service, *arguments, **options):
    """A live server over a service: its address."""
    listener = listen("127.0.0.1", 0)
    app = make_app(service, *arguments, **options)
    config = uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield address_of(listener)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@contextmanager
def commanded(folder, *arguments):
    """The real command in a process, with its page: the process and its address."""
    command = [sys.executable, "-m", "soundini", "web", "--no-browser", "--port", "0"]
    options = ["--folder", str(folder), "--models", "debug", *arguments]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, (line, process.communicate())
            yield process, found[0]
        finally:
            process.kill()


@pytest.fixture
def visitor():
    """Someone with cookies of their own, at an address."""
    clients = []

    def make_visitor(address, **options):
        clients.append(httpx.Client(base_url=address, timeout=60, **options))
        return clients[-1]

    yield make_visitor
    for client in clients:
        client.close()


@pytest.fixture
def live(service):
    with serving(service) as address:
        yield address


def painted(service, path, frame, owner=ME):
    """A mask picture, uploaded and painted on a frame."""
    with path.open("rb") as stream:
        file = service.add_file(owner, "mask", stream, path.name)
    return PaintedMask(frame=frame, file=file.id)


def frames_of(path):
    """All frames of a video."""
    with VideoReader(path) as reader:
        return np.stack([frame.rgb for frame in reader.frames()])
