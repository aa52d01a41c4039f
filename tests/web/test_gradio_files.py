"""Gradio's own routes, under a page of one component: what they must not give away."""

import gradio as gr
import pytest
from fastapi import FastAPI

from soundini.web import app as web_app
from soundini.web.app import mount_options

from .conftest import ME, serving


@pytest.fixture
def address(service, monkeypatch):
    """A live server whose page is one file component."""

    def mount(app: FastAPI, service, _sessions):
        place = service.folder / "gradio"
        place.mkdir()
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(place))
        monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        with gr.Blocks() as blocks:
            gr.File()
        gr.mount_gradio_app(app, blocks, **mount_options(service))

    monkeypatch.setattr(web_app, "_mount_page", mount)
    with serving(service, with_page=True) as address:
        yield address


def given(client, name="a.txt", content=b"mine"):
    answer = client.post("/gradio_api/upload", files={"files": (name, content)})
    return answer.status_code, answer.text if answer.is_error else answer.json()[0]


def test_the_page_is_there_and_fetches_nothing_from_elsewhere(visitor, address):
    client = visitor(address)
    page = client.get("/")
    assert page.status_code == 200
    assert "soundini_session" in page.headers["set-cookie"]
    config = client.get("/config").json()
    assert config["analytics_enabled"] is False
    assert not config.get("is_space")
    assert client.get("/api/v1/jobs").json() == []


@pytest.mark.parametrize(
    "way", ["/gradio_api/file={}", "/gradio_api/file/{}", "/gradio_api/file=.{}"]
)
def test_files_of_the_machine_and_of_the_server_are_refused(visitor, address, service, media, way):
    client = visitor(address)
    with (media / "clip.mp4").open("rb") as stream:
        upload = service.add_file(ME, "video", stream, "clip.mp4")
    client.get("/")
    secret = service.folder / "secret"
    assert secret.is_file()
    closed = ["/etc/passwd", secret, upload.path, upload.path.parent / "about.json", __file__]
    closed += [f"{service.folder}/gradio/../secret", f"{service.folder}/gradio/..%2fsecret"]
    for path in closed:
        answer = client.get(way.format(path))
        assert answer.status_code in (403, 404), path
        assert secret.read_bytes() not in answer.content


def test_what_one_gives_to_the_page_is_not_shown_to_another(visitor, address):
    mine, theirs = visitor(address), visitor(address)
    status, path = given(mine)
    assert status == 200
    assert mine.get(f"/gradio_api/file={path}").content == b"mine"
    for way in ("/gradio_api/file={}", "/gradio_api/file/{}"):
        assert theirs.get(way.format(path)).status_code == 403
        doubled = path.replace("/gradio/", "/gradio/./")
        assert theirs.get(way.format(doubled)).status_code == 403
    assert given(theirs) == (200, path)
    assert theirs.get(f"/gradio_api/file={path}").content == b"mine"


@pytest.mark.parametrize("name", ["../../x.txt", "/etc/x", "..", "a/../../../b", "<img src=x>.txt"])
def test_names_lead_nowhere(visitor, address, service, name):
    status, path = given(visitor(address), name)
    if status == 200:
        assert path.startswith(str(service.folder / "gradio"))
    assert not (service.folder / "x.txt").exists()


def test_what_is_too_large_is_refused_and_not_kept(visitor, service_in, monkeypatch):
    service = service_in("small", video_mib=1, sound_mib=1, picture_mib=1, recipe_mib=1)
    place = service.folder / "gradio"
    place.mkdir()

    def mount(app, service, _sessions):
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(place))
        with gr.Blocks() as blocks:
            gr.File()
        gr.mount_gradio_app(app, blocks, **mount_options(service))

    monkeypatch.setattr(web_app, "_mount_page", mount)
    with serving(service, with_page=True) as address:
        client = visitor(address)
        assert given(client, content=bytes(3 * 2**20))[0] == 413

        def growing():
            yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
            for _ in range(64):
                yield bytes(2**16)
            yield b"\r\n--b--\r\n"

        headers = {"content-type": "multipart/form-data; boundary=b"}
        answer = client.post("/gradio_api/upload", content=growing(), headers=headers)
        assert answer.status_code == 413
        assert [p for p in place.rglob("*") if p.is_file()] == []


def test_other_servers_are_not_asked(visitor, address):
    client = visitor(address)
    for path in ("/gradio_api/file=http://127.0.0.1:1/x", "/gradio_api/proxy=http://127.0.0.1:1/x"):
        assert client.get(path).status_code in (403, 404)
