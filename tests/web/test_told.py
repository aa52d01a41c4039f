"""What goes wrong for visitors, provoked as they would, and told in English and in Korean."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.errors import MaskError
from soundini.web.http.credentials import Credentials
from soundini.web.jobs.live_job import TICKET
from soundini.web.limits import MIB
from soundini.web.refusals import BusyError
from soundini.web.words.problems import problems_in

from .conftest import ME, QUICK, SLOW, serving, wait

LANGUAGES = ("en", "ko")


@pytest.fixture(scope="module")
def bad(tmp_path_factory, media):
    """Files that are not what they are uploaded as."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "notes.txt").write_text("this is no video")
    clip = (media / "clip.mp4").read_bytes()
    (folder / "half.mp4").write_bytes(clip[: len(clip) // 2])
    (folder / "nothing.mp4").write_bytes(b"")
    (folder / "large.mp4").write_bytes(bytes(MIB + 1))
    make.write_image(folder / "black.png", np.zeros((64, 96), np.uint8))
    make.write_video(folder / "mute.mp4", 3)
    make.write_sound(folder / "silence.wav", np.zeros((1, 24000), np.float32))
    return folder


@pytest.fixture
def told(service_in, visitor):
    """Asks a server in both languages, and gives what it says in each."""

    def tell(ask, service=None, *arguments, status, **limits):
        with serving(service or service_in(**limits), *arguments) as address:
            answers = []
            for language in LANGUAGES:
                client = visitor(address, headers={"accept-language": language})
                answers.append(ask(client))
        assert [answer.status_code for answer in answers] == [status, status]
        return [answer.json()["detail"] for answer in answers]

    return tell


def uploading(path, kind):
    """Uploads a file under a name that is no template's."""

    def ask(client):
        params = {"kind": kind, "label": f"내 {path.name}"}
        return client.post("/api/v1/files", params=params, content=path.read_bytes())

    return ask


UPLOADS = [
    ("notes.txt", "video", 400, "is not a video", "글만 든 파일입니다(넣으려던"),
    ("half.mp4", "video", 400, "the file is incomplete", "파일이 온전하지 않습니다"),
    ("nothing.mp4", "video", 400, "is empty (0 bytes)", "비어 있습니다(0바이트)"),
    ("large.mp4", "video", 413, "larger than 1 MiB", "1MiB보다 큽니다"),
    ("mute.mp4", "sound", 400, "holds no sound", "소리가 들어 있지 않습니다"),
    ("silence.wav", "sound", 400, "is silent", "아무 소리도 들리지 않습니다"),
    ("black.png", "mask", 400, "nothing in this mask is painted", "마스크에 칠한 곳이 없습니다"),
    ("notes.txt", "mask", 400, "is not a video", "글만 든 파일입니다(넣으려던"),
    ("notes.txt", "recipe", 400, "is no recipe", "레시피가 아닙니다"),
]


@pytest.mark.parametrize(("name", "kind", "status", "english", "korean"), UPLOADS)
def test_uploads(told, bad, name, kind, status, english, korean):
    in_english, in_korean = told(uploading(bad / name, kind), status=status, video_mib=1)
    assert english in in_english
    assert korean in in_korean
    assert f"내 {name}" in in_english
    assert f"내 {name}" in in_korean


@pytest.mark.parametrize(
    ("limits", "status", "english", "korean"),
    [
        ({"side": 64}, 400, "is 96x64 pixels, more than the 64", "96x64픽셀입니다"),
        ({"video_seconds": 0.5}, 400, "lasts longer than 0.5 s", "0.5초보다 깁니다"),
        ({"total_mib": 0.001}, 413, "there is no room", "둘 자리가 없습니다"),
    ],
)
def test_limits(told, media, limits, status, english, korean):
    in_english, in_korean = told(uploading(media / "clip.mp4", "video"), status=status, **limits)
    assert english in in_english
    assert korean in in_korean


def test_a_full_disk(told, service, media, monkeypatch):
    begin = service.begin_file

    def full(*arguments):
        incoming = begin(*arguments)
        incoming._file.close()
        incoming._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - it is closed by its owner
        return incoming

    monkeypatch.setattr(service, "begin_file", full)
    in_english, in_korean = told(uploading(media / "clip.mp4", "video"), service, status=400)
    assert in_english.endswith(
        "the server's disk is full; delete edits that are not needed, and try again"
    )
    assert "서버의 디스크가 가득 찼습니다" in in_korean


FORMS = [
    ({"video": ""}, 400, "choose a video first", "먼저 영상을 고르세요."),
    ({"box": None}, 400, "say what to edit", "바꿀 곳을 정하세요."),
    (
        {"settings": ["sampling.stepz=3"]},
        400,
        "unknown setting sampling.stepz; the nearest is sampling.steps",
        "sampling.stepz(이)라는 설정은 없습니다. sampling.steps을(를) 뜻하나요?",
    ),
    (
        {"settings": ["sampling.steps=0"]},
        400,
        "greater than or equal to 1, got 0",
        "sampling.steps: 1 이상인 수를 쓰세요(받은 값: 0).",
    ),
    (
        {"settings": ["region.size=1024"]},
        400,
        "1024 is more than the 512 that are allowed here",
        "region.size: 1024는 여기서 허용된 512보다 큽니다.",
    ),
    (
        {"settings": ["compute.device=cuda"]},
        400,
        "settings of compute are the server's to choose",
        "compute 설정은 서버가 정합니다.",
    ),
    (
        {"start": "soon"},
        422,
        "write a frame (48) or a time (2.0s)",
        "시작(초): 프레임 번호(48)나 초(2.0s)로 쓰세요.",
    ),
    ({"seed": -1}, 422, "greater than or equal to 0", "시드: 0 이상인 수를 쓰세요."),
]


@pytest.mark.parametrize(("fields", "status", "english", "korean"), FORMS)
def test_forms(told, service, form_for, media, fields, status, english, korean):
    def ask(client):
        """Submits files of the visitor's own."""
        own = {}
        for kind, name in (("video", "clip.mp4"), ("sound", "fire.wav")):
            params = {"kind": kind, "label": name}
            content = (media / name).read_bytes()
            own[kind] = client.post("/api/v1/files", params=params, content=content).json()["id"]
        return client.post("/api/v1/jobs", json=form_for(service).model_dump() | own | fields)

    in_english, in_korean = told(ask, service, status=status)
    assert english in in_english
    assert korean in in_korean


@pytest.fixture
def failed(service, form_for):
    """The service with a job that failed, and what its ticket says."""

    def fail(**fields):
        job_id = service.submit(ME, form_for(service, **fields))
        assert wait(service, ME, job_id).state == "failed"
        (ticket,) = service.folder.glob(f"owners/*/jobs/{job_id}/{TICKET}")
        return job_id, json.loads(ticket.read_text())["error"]["template"]

    return fail


@pytest.mark.parametrize(
    ("fields", "kept", "english", "korean"),
    [
        (
            {"start": "0.9s", "end": "4"},
            "{later} lies after {earlier}",
            "let “To (seconds)” be later than “From (seconds)”",
            "0.9s부터 4까지는 빈 구간입니다. ‘끝(초)’ 값을 ‘시작(초)’ 값보다 크게 쓰세요.",
        ),
        (
            {"dilate": -500.0},
            "(or use {option})",
            "raise “Grow the mask (pixels)”",
            "어느 프레임에도 칠한 곳이 없습니다.",
        ),
        (
            {"settings": (*QUICK, "guidance.perceptual=lpips", "guidance.lambda_background=1")},
            "There are no LPIPS weights in ",
            "this server has no weights of LPIPS; set guidance.perceptual=auto",
            "이 서버에는 LPIPS 가중치가 없습니다.",
        ),
    ],
)
def test_jobs_that_fail(service, failed, fields, kept, english, korean):
    job_id, ticket = failed(**fields)
    assert kept in ticket
    for language, words in (("en", english), ("ko", korean)):
        shown = problems_in(language).job(service.job(ME, job_id)).error
        assert words in shown
        assert " --" not in shown


def test_jobs_that_fail_are_told_over_http_in_each_language(service_in, visitor, media):
    with serving(service_in()) as address:
        client = visitor(address)
        ids = {
            kind: client.post(
                "/api/v1/files", params={"kind": kind}, content=(media / name).read_bytes()
            ).json()["id"]
            for kind, name in (("video", "clip.mp4"), ("sound", "fire.wav"))
        }
        asked = {**ids, "whole_frame": True, "settings": QUICK, "start": "0.9s", "end": "4"}
        job = client.post("/api/v1/jobs", json=asked).json()["id"]
        korean = {"accept-language": "ko-KR,ko;q=0.9"}
        stream = client.get(f"/api/v1/jobs/{job}/events", headers=korean).text
        assert "0.9s부터 4까지는 빈 구간입니다" in stream
        assert "빈 구간" in client.get("/api/v1/jobs", headers=korean).json()[0]["error"]
        assert "is empty" in client.get(f"/api/v1/jobs/{job}").json()["error"]


def in_each_language(error):
    """What a refusal says, in English and in Korean."""
    return [problems_in(language).words(error.message) for language in LANGUAGES]


def test_too_many_jobs(service_in, form_for):
    service = service_in(waiting=1)
    job_id = service.submit(ME, form_for(service, settings=SLOW))
    with pytest.raises(BusyError) as caught:
        service.submit(ME, form_for(service))
    said = in_each_language(caught.value)
    assert said[0] == "1 edits of yours wait or run already; wait for one, or cancel one"
    assert said[1].startswith("내 작업 1개가 이미 기다리거나 실행 중입니다.")
    service.delete(ME, job_id)


def test_a_mask_of_another_size(service, form_for):
    picture = io.BytesIO()
    Image.fromarray(np.full((10, 20), 255, np.uint8)).save(picture, "PNG")
    picture.seek(0)
    mask = service.add_file(ME, "mask", picture, "작은 것.png")
    form = form_for(service, box=None, masks=[{"frame": 0, "file": mask.id}])
    with pytest.raises(MaskError) as caught:
        service.submit(ME, form)
    said = in_each_language(caught.value)
    assert said[0].startswith("작은 것.png is 20x10, the video 96x64; paint it")
    assert said[1].startswith("작은 것.png의 크기는 20x10인데 영상은 96x64입니다.")


def test_who_may_not_come_in(told, service):
    def ask(client):
        return client.get("/api/v1/presets")

    in_english, in_korean = told(ask, service, Credentials("me:long-password"), status=401)
    assert (in_english, in_korean) == (
        "a name and a password are needed",
        "이름과 비밀번호가 필요합니다.",
    )


def test_who_asks_too_often(told):
    def ask(client):
        return [client.get("/api/v1/presets") for _ in range(3)][-1]

    in_english, in_korean = told(ask, status=429, burst=1, requests_a_second=0.001)
    assert in_english == "too many requests at once; wait a few seconds"
    assert in_korean == "한꺼번에 너무 많이 요청했습니다. 몇 초 기다리세요."


def test_an_address_that_is_not_a_form(told, service):
    def ask(client):
        return client.post(
            "/api/v1/jobs", content=b"{", headers={"content-type": "application/json"}
        )

    in_english, in_korean = told(ask, service, status=422)
    assert "JSON decode error" in in_english
    assert "JSON이 아닙니다." in in_korean


def test_english_is_told_to_whoever_asks_for_neither(service_in, visitor):
    with serving(service_in()) as address:
        for headers in ({}, {"accept-language": "de, fr;q=0.5"}, {"accept-language": ";;q=,"}):
            answer = visitor(address).get("/api/v1/jobs/nothing", headers=headers)
            assert answer.json()["detail"] == "there is no such job"
