"""Gradio's own routes, as the real command serves them: what they must not give away."""

import re

import pytest

from .conftest import commanded
from .test_api import uploaded

PAGES = ("/en", "/ko")
WAYS = ("/gradio_api/file={}", "/gradio_api/file/{}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("server") / "web"


@pytest.fixture(scope="module")
def address(folder):
    """A live server that takes a MiB at most."""
    small = [f"--set={name}=1" for name in ("video_mib", "sound_mib", "picture_mib", "recipe_mib")]
    with commanded(folder, *small) as (_, address):
        yield address


def given(client, name="a.txt", content=b"mine"):
    answer = client.post("/en/gradio_api/upload", files={"files": (name, content)})
    return answer.status_code, answer.text if answer.is_error else answer.json()[0]


def test_the_page_is_there_and_names_no_other_server(visitor, address):
    client = visitor(address, follow_redirects=True)
    page = client.get("/")
    assert page.status_code == 200
    assert "soundini_session" in client.cookies
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"', page.text)
    assert [url for url in loaded if not url.startswith(address)] == []
    assert client.get("/en/config").json()["analytics_enabled"] is False


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("way", WAYS)
def test_files_of_the_machine_and_of_the_server_are_refused(
    visitor, address, folder, media, page, way
):
    client = visitor(address)
    file_id = uploaded(client, media / "clip.mp4", "video")
    upload = next(folder.glob(f"owners/*/files/{file_id}/video.upload"))
    secret = folder / "secret"
    closed = ["/etc/passwd", secret, upload, upload.parent / "about.json", __file__]
    closed += [f"{folder}/gradio/../secret", f"{folder}/gradio/..%2fsecret", f"./{secret}"]
    closed += ["http://127.0.0.1:1/x", "https://127.0.0.1:1/x", f"file://{secret}"]
    for path in closed:
        answer = client.get(page + way.format(path))
        assert answer.status_code in (403, 404), path
        assert secret.read_bytes() not in answer.content


def test_what_one_gives_to_the_page_is_not_shown_to_another(visitor, address):
    mine, theirs = visitor(address), visitor(address)
    status, path = given(mine)
    assert status == 200
    assert mine.get(f"/en/gradio_api/file={path}").content == b"mine"
    for page in PAGES:
        for way in WAYS:
            for same in (path, path.replace("/gradio/", "/gradio/./"), path.replace("/", "//")):
                answer = theirs.get(page + way.format(same))
                assert answer.status_code in (403, 404)
                assert b"mine" not in answer.content
    assert given(theirs) == (200, path)
    assert theirs.get(f"/en/gradio_api/file={path}").content == b"mine"


@pytest.mark.parametrize("name", ["../../x.txt", "/etc/x", "..", "a/../../../b", "<img src=x>.txt"])
def test_names_lead_nowhere(visitor, address, folder, name):
    status, path = given(visitor(address), name)
    if status == 200:
        assert path.startswith(str(folder / "gradio"))
    assert not (folder / "x.txt").exists()


def test_what_is_too_large_is_refused_and_not_kept(visitor, address, folder):
    client = visitor(address)

    def kept():
        return {p for p in (folder / "gradio").rglob("*") if p.is_file()}

    before = kept()
    assert given(client, content=bytes(3 * 2**20))[0] == 413

    def growing():
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        for _ in range(64):
            yield bytes(2**16)
        yield b"\r\n--b--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = client.post("/en/gradio_api/upload", content=growing(), headers=headers)
    assert answer.status_code == 413
    assert kept() == before


def test_other_pages_cannot_use_the_pages_functions(visitor, address):
    client = visitor(address)
    for path in (
        "/en/gradio_api/queue/join",
        "/en/gradio_api/upload",
        "/en/gradio_api/run/predict",
    ):
        answer = client.post(path, json={}, headers={"origin": "http://evil.example"})
        assert answer.status_code == 403
