import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from soundini.errors import ConfigError, Message
from soundini.web.http.credentials import (
    COOKIE,
    SECRET,
    Credentials,
    Sessions,
    is_loopback,
    read_credentials,
    refuse_open_door,
)
from soundini.web.http.guard import Guard, TokenBuckets
from soundini.web.http.replies import reply
from soundini.web.limits import MIB, Limits


async def echo(scope, receive, send):
    """Reads the whole body and says who asked; what it was asked for is counted."""
    echo.asked += 1
    message = {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client has gone")
    await reply(scope, send, 200, Message(scope["state"]["owner"]))


@pytest.fixture
def guarded(tmp_path):
    """A client of a guard round an echo."""
    echo.asked = 0

    def make(credentials=None, hosts=(), base="http://127.0.0.1:7860", **limits):
        sessions = Sessions(tmp_path)
        guard = Guard(echo, sessions, Limits(**limits), credentials, hosts)
        transport = httpx.ASGITransport(guard)

        def ask(method="GET", path="/", **options):
            async def asking():
                async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                    return await client.request(method, path, **options)

            # A thread of its own: where a browser was started, this one has a loop already.
            with ThreadPoolExecutor(1) as thread:
                return thread.submit(asyncio.run, asking()).result()

        ask.sessions = sessions
        return ask

    return make


@pytest.mark.parametrize(
    "host", ["127.0.0.1:7860", "localhost:7860", "LOCALHOST", "[::1]:7860", "192.168.1.7:80", "Box"]
)
def test_hosts_that_are_this_machine(guarded, host):
    assert guarded(hosts=["box"])(headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "localhost.evil", "", "[::1"],
)
def test_a_name_that_was_made_to_point_here_is_turned_away(guarded, host):
    answer = guarded(hosts=["box"])(headers={"host": host})
    assert answer.status_code == 403
    assert echo.asked == 0
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://127.0.0.1:7860"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:7860"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
def test_other_pages_change_nothing(guarded, headers, method):
    assert guarded()(method, headers=headers).status_code == 403
    assert echo.asked == 0


def test_own_pages_and_programs_do(guarded):
    own = {"origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"}
    assert guarded()("POST", headers=own).status_code == 200
    assert guarded()("POST").status_code == 200


def test_a_session_is_kept_and_cannot_be_forged(guarded):
    ask = guarded()
    first = ask()
    cookie = first.cookies[COOKIE]
    flags = first.headers["set-cookie"]
    assert "HttpOnly" in flags
    assert "SameSite=Strict" in flags
    owner = first.json()["detail"]
    again = ask(headers={"cookie": f"other=1; {COOKIE}={cookie}"})
    assert again.json()["detail"] == owner
    assert "set-cookie" not in again.headers
    name, _, signature = cookie.partition(".")
    other = ("0" if name[0] != "0" else "1") + name[1:]
    for forged in (f"{other}.{signature}", name, f"{name}.", f"{name}.{'0' * 64}", "../../x", ""):
        answer = ask(headers={"cookie": f"{COOKIE}={forged}"})
        assert answer.json()["detail"] not in (owner, other, name)
        assert COOKIE in answer.cookies


def test_the_secret_is_one_users_alone_and_outlives_the_server(tmp_path):
    first = Sessions(tmp_path)
    path = tmp_path / SECRET
    assert path.stat().st_mode & 0o777 == 0o600
    owner = first.new()
    assert Sessions(tmp_path).owner({COOKIE: first.cookie(owner)}) == owner
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="may be read by others"):
        Sessions(tmp_path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(ConfigError, match="damaged"):
        Sessions(tmp_path)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError):
        Sessions(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def basic(text):
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def test_nothing_without_the_password_and_guessing_is_slow(guarded):
    ask = guarded(Credentials("me:correct horse"))
    bare = ask()
    assert bare.status_code == 401
    assert bare.headers["www-authenticate"].startswith("Basic")
    assert "set-cookie" not in bare.headers
    assert ask(headers=basic("me:correct horse")).status_code == 200
    for wrong in (
        "me:correct horsf",
        "me:",
        "correct horse",
        "you:correct horse",
        "me:correct horse ",
    ):
        assert ask(headers=basic(wrong)).status_code == 401
    assert ask(headers={"authorization": "Basic %%%"}).status_code == 401
    assert (
        ask(
            headers={"authorization": "Bearer " + basic("me:correct horse")["authorization"][6:]}
        ).status_code
        == 401
    )
    codes = [ask(headers=basic("me:wrong")).status_code for _ in range(12)]
    assert codes[-1] == 429
    assert ask(headers=basic("me:correct horse")).status_code == 429
    assert echo.asked == 1


def test_credentials_of_the_command_line(tmp_path):
    path = tmp_path / "auth"
    path.write_text("me:correct horse\nnot this\n")
    for asked in ("me:correct horse", str(path)):
        found = read_credentials(asked)
        assert found.admit(basic("me:correct horse")["authorization"])
    assert read_credentials(None) is None
    for bad, words in (("me", "USER:PASSWORD"), (":x", "USER:PASSWORD"), ("me:short", "shorter")):
        with pytest.raises(ConfigError, match=words):
            read_credentials(bad)


def test_a_door_to_others_needs_a_password():
    for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"):
        assert is_loopback(host)
        refuse_open_door(host, None)
    for host in ("0.0.0.0", "::", "192.168.1.7", "box", "", "localhost.evil"):
        with pytest.raises(ConfigError, match="--auth USER:PASSWORD"):
            refuse_open_door(host, None)
        refuse_open_door(host, Credentials("me:correct horse"))


def test_requests_come_at_a_steady_rate(guarded):
    ask = guarded(burst=5, requests_a_second=0.001)
    codes = [ask().status_code for _ in range(7)]
    assert codes == [200] * 5 + [429] * 2
    assert int(ask().headers["retry-after"]) > 0


def test_buckets_fill_again_and_forget():
    now = [0.0]
    buckets = TokenBuckets(2, 3, lambda: now[0])
    assert [buckets.take("a") for _ in range(4)] == [True] * 3 + [False]
    assert buckets.take("b")
    now[0] = 0.5
    assert [buckets.take("a") for _ in range(2)] == [True, False]
    now[0] = 100
    assert buckets.level("a") == 3
    for i in range(10_000):
        buckets.take(str(i))
    assert len(buckets._levels) <= 4096


SMALL = {"video_mib": 1, "sound_mib": 1, "picture_mib": 1, "recipe_mib": 1}


def test_a_body_that_says_it_is_too_large_is_not_read(guarded):
    ask = guarded(**SMALL)
    for length in ("3000000", "9" * 30, "-1", "²"):
        headers = {"content-length": length.encode()}
        assert ask("POST", headers=headers).status_code in (400, 413)
    assert echo.asked == 0
    assert ask("POST", content=b"x" * MIB).status_code == 200


def test_a_body_that_grows_too_large_is_cut_off(guarded):
    given = []

    async def endless():
        for _ in range(100):
            given.append(MIB)
            yield b"x" * MIB

    answer = guarded(**SMALL)("POST", content=endless())
    assert answer.status_code == 413
    assert "larger than 2 MiB" in answer.json()["detail"]
    assert sum(given) <= 4 * MIB


def test_headers_let_nothing_run_but_the_page(guarded):
    ask = guarded()
    headers = ask().headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    for loose in ("http", "unsafe", "data:", "*"):
        assert loose not in headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"]
