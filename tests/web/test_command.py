"""``soundini web`` as it is called."""

import signal
import socket
from contextlib import closing

import httpx
import pytest

from soundini.cli import main
from soundini.web.http.serving import address_of, listen
from soundini.web.jobs.retention import FOR_EVER
from soundini.web.limits import Limits
from soundini.web.service import EditService
from soundini.web.views import JobView

from .conftest import SLOW, commanded, serving
from .test_api import events, uploaded


def test_a_stop_leaves_the_running_edit_to_be_resumed(tmp_path, media):
    with (
        commanded(tmp_path / "web") as (process, address),
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        form = {
            "video": uploaded(client, media / "clip.mp4", "video"),
            "sound": uploaded(client, media / "fire.wav", "sound"),
            "box": [0.25, 0.2, 0.4, 0.6],
            "settings": SLOW,
        }
        job_id = client.post("/api/v1/jobs", json=form).json()["id"]
        for _, job in events(client, job_id):
            if job["losses"]:
                break
        process.send_signal(signal.SIGTERM)  # Ctrl-C is tried in tests/browser
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
        assert "can be resumed" in out
        cookies = dict(client.cookies)
    with (
        closing(EditService(tmp_path / "web", Limits(), "debug", FOR_EVER)) as service,
        serving(service) as address,
        httpx.Client(base_url=address, cookies=cookies, timeout=60) as client,
    ):
        found = JobView.model_validate(client.get(f"/api/v1/jobs/{job_id}").json())
        assert found.state == "interrupted"
        assert found.step > 0


def told(capsys, *arguments):
    code = main(["web", "--no-browser", *arguments])
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    return code, err


def test_others_are_let_in_with_a_password_alone(capsys, tmp_path):
    code, err = told(capsys, "--host", "0.0.0.0", "--folder", str(tmp_path))
    assert code == 2
    assert "--auth USER:PASSWORD" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--auth", "nobody"], "USER:PASSWORD"),
        (["--port", "70000"], "--port"),
        (["--host", "203.0.113.1", "--auth", "me:correct horse"], "cannot listen on 203.0.113.1"),
        (["--set", "video_mib=0"], "video_mib"),
        (["--set", "nosuch=1"], "nosuch"),
        (["--models", "nosuch"], "nosuch"),
        (["--keep-days", "0"], "--keep-days 0 is no number of days"),
        (["--keep-jobs-days", "nan"], "--keep-jobs-days nan is no number of days"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(capsys, tmp_path, arguments, words):
    code, err = told(capsys, "--folder", str(tmp_path / "web"), *arguments)
    assert code == 2
    assert words in err


def test_a_port_that_is_taken(capsys, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, err = told(capsys, "--port", str(port), "--folder", str(tmp_path / "web"))
    assert code == 2
    assert f"port {port}" in err


def test_two_servers_find_two_ports():
    with listen("127.0.0.1", None) as one, listen("127.0.0.1", None) as two:
        assert address_of(one) != address_of(two)


def test_a_folder_in_use(capsys, service):
    code, err = told(capsys, "--port", "0", "--folder", str(service.folder))
    assert code == 2
    assert "another soundini web uses" in err


def test_without_the_extra(capsys, monkeypatch):
    monkeypatch.setattr("soundini.cli.web.find_spec", lambda name: None)
    code, err = told(capsys)
    assert code == 2
    assert "pip install 'soundini[web]'" in err
