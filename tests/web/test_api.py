import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import media_factory as make
from soundini.media.video_reader import VideoReader
from soundini.web.limits import MIB

from .conftest import QUICK, SLOW, serving

DOC = Path(__file__).parents[2] / "docs" / "http-api.md"


def uploaded(client, path, kind, label=None):
    answer = client.post(
        "/api/v1/files",
        params={"kind": kind, "label": label or path.name},
        content=path.read_bytes(),
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@pytest.fixture
def form(media):
    """The body of a job of that clip, its files uploaded by a client."""

    def make_form(client, **fields):
        video = uploaded(client, media / "clip.mp4", "video")
        sound = uploaded(client, media / "fire.wav", "sound")
        asked = {"box": [0.25, 0.2, 0.4, 0.6], "settings": QUICK}
        return {"video": video, "sound": sound, **asked, **fields}

    return make_form


def events(client, job_id, **options):
    """Numbers and jobs, as a stream of server-sent events tells them."""
    with client.stream("GET", f"/api/v1/jobs/{job_id}/events", **options) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        number = 0
        for line in stream.iter_lines():
            if line.startswith("id: "):
                number = int(line[4:])
            elif line.startswith("data: "):
                yield number, json.loads(line[6:])


def test_from_upload_to_result(live, visitor, form, media, tmp_path):
    client = visitor(live)
    asked = form(client)
    heard = client.post("/api/v1/heard", json=asked).json()
    assert len(heard["envelope"]) == len(heard["times"])
    overlay = client.post("/api/v1/overlays", json=asked).json()
    assert client.get(overlay["url"]).headers["content-type"] == "video/mp4"
    job = client.post("/api/v1/jobs", json=asked)
    assert job.status_code == 201
    job_id = job.json()["id"]
    told = list(events(client, job_id))
    numbers = [number for number, _ in told]
    assert numbers == sorted(set(numbers))
    assert told[-1][1]["state"] == "done"
    # Who lost the connection goes on behind the last event seen.
    later = list(events(client, job_id, headers={"last-event-id": str(numbers[-2])}))
    assert [number for number, _ in later] == numbers[-1:]
    assert client.get(f"/api/v1/jobs/{job_id}").json() == told[-1][1]
    assert [j["id"] for j in client.get("/api/v1/jobs").json()] == [job_id]
    video = client.get(f"/api/v1/jobs/{job_id}/video", params={"download": True})
    assert video.headers["content-disposition"].startswith("attachment; filename=")
    assert "clip" in video.headers["content-disposition"]
    (tmp_path / "out.mp4").write_bytes(video.content)
    with VideoReader(tmp_path / "out.mp4") as reader:
        assert sum(1 for _ in reader.frames()) == 24
    part = client.get(f"/api/v1/jobs/{job_id}/video", headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    recipe = client.get(f"/api/v1/jobs/{job_id}/recipe")
    (tmp_path / "r.json").write_bytes(recipe.content)
    dropped = uploaded(client, tmp_path / "r.json", "recipe")
    told = client.get(f"/api/v1/files/{dropped}/form").json()
    assert told == {"form": client.get(f"/api/v1/jobs/{job_id}/form").json(), "left_out": []}
    assert told["form"]["video"] == asked["video"]
    frame = client.get(f"/api/v1/files/{asked['video']}/frames/3.png")
    assert frame.headers["content-type"] == "image/png"
    assert (
        client.get(f"/api/v1/files/{asked['video']}/content").content
        == (media / "clip.mp4").read_bytes()
    )
    assert client.delete(f"/api/v1/jobs/{job_id}").status_code == 204
    assert client.get(f"/api/v1/jobs/{job_id}").status_code == 404
    assert client.delete(f"/api/v1/files/{asked['video']}").status_code == 204
    assert client.get(f"/api/v1/files/{asked['video']}").status_code == 404


def test_cancel_and_resume(live, visitor, form):
    client = visitor(live)
    job_id = client.post("/api/v1/jobs", json=form(client, settings=SLOW)).json()["id"]
    for _, job in events(client, job_id):
        if job["state"] == "running" and job["losses"]:
            break
    assert client.get(f"/api/v1/jobs/{job_id}/preview.png").content.startswith(b"\x89PNG")
    client.post(f"/api/v1/jobs/{job_id}/cancel")
    *_, (_, last) = events(client, job_id)
    assert last["state"] == "cancelled"
    assert client.get(f"/api/v1/jobs/{job_id}/preview.png").status_code == 204
    assert client.get(f"/api/v1/jobs/{job_id}/video").status_code == 404
    assert client.post(f"/api/v1/jobs/{job_id}/resume").json()["state"] in ("queued", "running")
    client.post(f"/api/v1/jobs/{job_id}/cancel")


def test_nobody_sees_what_is_somebody_elses(live, visitor, form):
    mine, theirs = visitor(live), visitor(live)
    asked = form(mine)
    job_id = mine.post("/api/v1/jobs", json=asked).json()["id"]
    list(events(mine, job_id))
    name = mine.post("/api/v1/overlays", json=asked).json()["name"]
    paths = [
        f"/jobs/{job_id}{end}" for end in ("", "/form", "/video", "/source", "/recipe", "/events")
    ]
    paths += [f"/files/{asked['video']}{end}" for end in ("", "/content", "/frames/0.png", "/form")]
    paths += [f"/overlays/{name}.mp4"]
    nobodys = [
        path.replace(job_id, "0" * 32).replace(asked["video"], "0" * 32).replace(name, "0" * 32)
        for path in paths
    ]
    for path, nothing in zip(paths, nobodys, strict=True):
        if "/form" not in path or "/jobs" in path:
            assert mine.get(f"/api/v1{path}").status_code == 200, path
        there, nowhere = theirs.get(f"/api/v1{path}"), theirs.get(f"/api/v1{nothing}")
        assert there.status_code == nowhere.status_code == 404, path
        assert there.text == nowhere.text, path
    for verb, path in (
        ("POST", f"/jobs/{job_id}/cancel"),
        ("POST", f"/jobs/{job_id}/resume"),
        ("DELETE", f"/jobs/{job_id}"),
        ("DELETE", f"/files/{asked['video']}"),
    ):
        assert theirs.request(verb, f"/api/v1{path}").status_code == 404
    assert theirs.post("/api/v1/jobs", json=asked).status_code == 404
    assert theirs.get("/api/v1/jobs").json() == []
    assert mine.get(f"/api/v1/jobs/{job_id}/video").status_code == 200


TRAVERSALS = [
    "/api/v1/files/..%2f..%2fsecret/content",
    "/api/v1/files/%2e%2e/content",
    "/api/v1/jobs/..%2f..%2f..%2f..%2fetc%2fpasswd/video",
    "/api/v1/overlays/..%2f..%2f..%2fsecret.mp4",
    "/api/v1/overlays/%00.mp4",
    "/api/v1/../../../../etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "//etc/passwd",
]


def test_paths_lead_nowhere(live, visitor, service):
    client = visitor(live)
    for path in TRAVERSALS:
        answer = client.get(path)
        assert answer.status_code in (403, 404), path
        assert b"root:" not in answer.content
        assert (service.folder / "secret").read_bytes() not in answer.content
        assert str(service.folder) not in answer.text


def test_uploads_that_are_refused(service_in, visitor, media):
    service = service_in(video_mib=1, picture_mib=1, recipe_mib=1, sound_mib=1)
    with serving(service) as address:
        client = visitor(address)

        def put(content, kind="video", label="<b>x</b>.mp4"):
            return client.post(
                "/api/v1/files", params={"kind": kind, "label": label}, content=content
            )

        def growing(size):
            for _ in range(size // 65536):
                yield bytes(65536)

        for content in (bytes(MIB + 1), growing(2 * MIB - 65536), growing(8 * MIB)):
            answer = put(content)
            assert answer.status_code == 413
            assert "larger than" in answer.json()["detail"]
            assert len(answer.json()["detail"].splitlines()) == 1
        for content, kind in (
            (b"<svg onload=alert(1)>", "mask"),
            (b"", "video"),
            (b"GIF89a", "video"),
        ):
            answer = put(content, kind)
            assert answer.status_code == 400
            assert answer.headers["content-type"] == "application/json"
        assert put(b"x", "program").status_code == 422
        left = [p for p in service.folder.rglob("*") if p.is_file()]
        assert {p.name for p in left} <= {"lock", "secret"}
        # A name is told back as it is, in JSON: whoever shows it escapes it.
        kept = put((media / "clip.mp4").read_bytes())
        assert kept.json()["label"] == ["x<", "b>.mp4"][-1] or kept.json()["label"] == "b>.mp4"


def test_what_was_brought_is_never_run_as_a_page(live, visitor, media):
    client = visitor(live)
    file_id = uploaded(client, media / "clip.mp4", "video", "page.html")
    headers = client.get(f"/api/v1/files/{file_id}/content").headers
    assert headers["content-type"] == "video/mp4"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        json.dumps({"video": "../../etc/passwd", "sound": "self"}).encode(),
        json.dumps({"video": "0" * 32, "sound": "self", "nosuch": 1}).encode(),
        json.dumps({"start": "1e999999999"}).encode(),
        json.dumps({"dilate": 1e308}).encode(),
        b'{"strength": NaN}',
        b"[" * 100_000,
    ],
)
def test_bodies_that_are_no_forms(live, visitor, body):
    answer = visitor(live).post(
        "/api/v1/jobs", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert len(answer.json()["detail"]) <= 1000
    assert "Traceback" not in answer.text


def test_only_so_many_streams(service_in, visitor, form):
    service = service_in(watchers=2)
    with serving(service) as address:
        client = visitor(address)
        job_id = client.post("/api/v1/jobs", json=form(client, settings=SLOW)).json()["id"]
        path = f"/api/v1/jobs/{job_id}/events"
        with client.stream("GET", path) as one, client.stream("GET", path) as two:
            lines = [one.iter_lines(), two.iter_lines()]  # kept: dropping one closes its stream
            assert [next(told) for told in lines] == ["id: 1"] * 2
            assert client.get(path).status_code == 429
        client.post(f"/api/v1/jobs/{job_id}/cancel")


def test_the_description_names_every_route_and_the_document_too(live, visitor):
    description = visitor(live).get("/api/v1/openapi.json").json()
    text = DOC.read_text()
    for path, methods in description["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in text, (method, path)


def test_the_example_of_the_document_runs(live, media, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", DOC.read_text(), re.DOTALL)
    (tmp_path / "client.py").write_text(code)
    make.write_video(tmp_path / "clip.mp4", 6)
    (tmp_path / "fire.wav").write_bytes((media / "fire.wav").read_bytes())
    run = subprocess.run(
        [sys.executable, "client.py", live],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert re.search(r"step \d+ of \d+", run.stdout)
    with VideoReader(tmp_path / "fire.mp4") as reader:
        assert sum(1 for _ in reader.frames()) == 6
    assert json.loads((tmp_path / "fire.recipe.json").read_text())["output"]["frames"] == 6


def test_the_real_models_over_http(tmp_path, visitor):
    from soundini.demo.sounds import crackle, write_wav
    from soundini.web.service import EditService

    clip = make.write_video(tmp_path / "clip.mp4", 4, size=(96, 128))
    write_wav(tmp_path / "crackle.wav", crackle(4.0))
    service = EditService(tmp_path / "web")
    try:
        with serving(service) as address:
            client = visitor(address)
            asked = {
                "video": uploaded(client, clip, "video"),
                "sound": uploaded(client, tmp_path / "crackle.wav", "sound"),
                "ellipse": [0.5, 0.5, 0.25, 0.3],
                "settings": ["sampling.steps=3", "sound.envelope=off"],
            }
            heard = client.post("/api/v1/heard", json=asked).json()
            assert heard["classes"][0][1]["fire"] > 0.5
            job_id = client.post("/api/v1/jobs", json=asked).json()["id"]
            *_, (_, last) = events(client, job_id)
            assert last["state"] == "done", last["error"]
            assert last["summary"]["temporal"] > 0
            for name in ("video", "source"):
                (tmp_path / f"{name}.mp4").write_bytes(
                    client.get(f"/api/v1/jobs/{job_id}/{name}").content
                )
    finally:
        service.close()
    pictures = []
    for name in ("video", "source"):
        with VideoReader(tmp_path / f"{name}.mp4") as reader:
            pictures.append(np.stack([f.rgb for f in reader.frames()]).astype(int))
    change = np.abs(pictures[0] - pictures[1]).mean(-1)
    assert change.shape == (4, 96, 128)
    assert change[:, 36:60, 48:80].mean() > 5 * change[:, :8].mean()
