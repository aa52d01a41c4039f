import json
from importlib import resources

import pytest

from soundini.web.forms.forms import EditForm
from soundini.web.views import JobView, Summary
from soundini.web.words.problems import LONGEST, problems_in
from soundini.web.words.template import Template

ENGLISH, KOREAN = problems_in("en"), problems_in("ko")
TABLE = json.loads((resources.files("soundini.web") / "page/texts/problems/ko.json").read_text())
UNKNOWN = TABLE["unknown"].removesuffix("{message}")
HOSTILE = [
    "<img src=x onerror=alert(1)>.mp4",
    "{file}{look.end}{0}.mp4",
    "a: is empty (0 bytes); copy or export it again",
    "\\1\\g<0>$1%s.mp4",
    "을(를).mp4",
]


@pytest.mark.parametrize(
    ("message", "english", "korean"),
    [
        (
            "a.mp4: is empty (0 bytes); copy or export it again",
            "a.mp4: is empty (0 bytes); copy or export it again",
            "a.mp4: 비어 있습니다(0바이트). 다시 복사하거나 내보내세요.",
        ),
        (
            "the part from 3 to 2 is empty; --end lies after --start",
            "the part from 3 to 2 is empty; let “To (seconds)” be later than “From (seconds)”",
            "3부터 2까지는 빈 구간입니다. ‘끝(초)’ 값을 ‘시작(초)’ 값보다 크게 쓰세요.",
        ),
        (
            "a.wav: its sound lasts 9 s, more than the limit of 5 seconds; cut it shorter, or raise the limit with SOME_NAME",
            "a.wav: its sound lasts 9 s, more than the limit of 5 seconds; cut it shorter",
            "a.wav: 소리의 길이가 9초입니다. 한도는 5초이니 짧게 자르세요.",
        ),
        (
            "sampling.steps: input should be greater than or equal to 1, got 0; seed: input should be a valid integer, got []",
            "sampling.steps: input should be greater than or equal to 1, got 0; seed: input should be a valid integer, got []",
            "sampling.steps: 1 이상인 수를 쓰세요(받은 값: 0). 시드: 정수를 쓰세요(받은 값: []).",
        ),
        ("a dragon flew by", "a dragon flew by", UNKNOWN + "a dragon flew by"),
        ("", "", ""),
    ],
)
def test_messages_are_told_in_the_words_of_the_page(message, english, korean):
    assert ENGLISH.words(message) == english
    assert KOREAN.words(message) == korean


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("text", [t for t in TABLE["messages"] if t.startswith("{file}: ")])
def test_a_file_keeps_its_name_whatever_it_is(name, text):
    message = name + text.removeprefix("{file}")
    told = KOREAN.words(message)
    if "{file}" in TABLE["messages"][text]:
        assert told.startswith(name[:30])
    assert not told.startswith(UNKNOWN)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "message", ["; " * 10_000, "a: b, got c; " * 5000, ": is " * 20_000, "x" * 10**6]
)
def test_what_is_too_long_is_cut_and_told(message):
    for problems in (ENGLISH, KOREAN):
        assert 0 < len(problems.words(message)) <= LONGEST + len(UNKNOWN)


def test_a_long_value_is_cut_where_the_words_are_known():
    told = KOREAN.words(f"settings.0: string should have at most 9 characters, got {'x' * 5000!r}")
    assert told.startswith("settings.0: 9자까지 쓸 수 있습니다(받은 값: 'xxx")
    assert len(told) < 250


def test_the_heavier_of_two_templates_is_told():
    keys = [Template(text) for text in TABLE["messages"]]
    message = "a: cannot be read (no); check the path"
    assert sum(key.match(message) is not None for key in keys) >= 1
    assert "다시 올리세요" in KOREAN.words(message)
    fraction = "n: input should be a valid integer, got a number with a fractional part, got 1.5"
    assert KOREAN.words(fraction) == "n: 소수점이 없는 정수를 쓰세요(받은 값: 1.5)."


def test_a_job_is_told_too_and_stays_what_it_was():
    warning = "a.mp4: has no sound that can be read; the output is silent"
    summary = Summary(
        frames=1, seconds=1.0, temporal=None, seams=None, losses={}, warnings=(warning,)
    )
    job = JobView(
        id="a" * 32,
        label="a.mp4 + b.wav",
        scope="all",
        state="failed",
        step=0,
        steps=0,
        eta_seconds=None,
        losses={},
        masks=None,
        queue_place=None,
        error="there is no such file; upload it again",
        created="2026-01-01T00:00:00Z",
        summary=summary,
        form=EditForm(),
        preview_frame=None,
        preview_box=None,
    )
    told = KOREAN.job(job)
    assert told.error == "그런 파일이 없습니다. 다시 올리세요."
    assert told.summary is not None
    assert told.summary.warnings == ("a.mp4: 읽을 수 있는 소리가 없어 결과에 소리가 없습니다.",)
    assert (job.error, job.summary) == ("there is no such file; upload it again", summary)
    assert ENGLISH.job(job) == job
