import json
from importlib import resources

import pytest

from soundini.errors import MediaError, Message, Option
from soundini.web.form import EditForm
from soundini.web.views import JobView, SavedMessage, Summary, from_json, to_json
from soundini.web.words.problems import LONGEST, problems_in

ENGLISH, KOREAN = problems_in("en"), problems_in("ko")
TABLE = json.loads((resources.files("soundini.web") / "page/texts/problems/ko.json").read_text())
UNKNOWN = TABLE["unknown"].removesuffix("{message}")
EMPTY = "{file}: is empty (0 bytes); copy or export it again"
HOSTILE = [
    "<img src=x onerror=alert(1)>.mp4",
    "{file}{look.end}{0}.mp4",
    "a: is empty (0 bytes); copy or export it again",
    "\\1\\g<0>$1%s.mp4",
    "을(를).mp4",
]


def setting(name, wrong, value):
    values = {"setting": name, "wrong": wrong, "value": value}
    return Message("{setting}: {wrong}, got {value!r}", values)


@pytest.mark.parametrize(
    ("message", "english", "korean"),
    [
        (
            Message(EMPTY, {"file": "a.mp4"}),
            "a.mp4: is empty (0 bytes); copy or export it again",
            "a.mp4: 비어 있습니다(0바이트). 다시 복사하거나 내보내세요.",
        ),
        (
            Message(
                "the part from {start} to {end} is empty; {later} lies after {earlier}",
                {"start": "3", "end": "2", "later": Option("end"), "earlier": Option("start")},
            ),
            "the part from 3 to 2 is empty; let “To (seconds)” be later than “From (seconds)”",
            "3부터 2까지는 빈 구간입니다. ‘끝(초)’ 값을 ‘시작(초)’ 값보다 크게 쓰세요.",
        ),
        (
            Message(
                "the mask folder {folder} holds {count} images, fewer than the video has frames; add the "
                "missing ones, or edit a part with {option}",
                {"folder": "masks", "count": 3, "option": Option("end")},
            ),
            "the mask folder masks holds 3 images, fewer than the video has frames; add the "
            "missing ones, or edit a part with “To (seconds)”",
            "마스크 폴더 masks의 그림이 3장으로 영상의 프레임보다 적습니다. "
            "모자란 그림을 넣거나 ‘끝(초)’로 구간을 줄이세요.",
        ),
        (
            Message(
                "{file}: {what}, more than the limit of {most:g} {unit}; cut it shorter, or raise the "
                "limit with {variable}",
                {
                    "file": "a.wav",
                    "what": Message("its sound lasts {seconds:.0f} s", {"seconds": 9.0}),
                    "most": 5.0,
                    "unit": "seconds",
                    "variable": "SOME_NAME",
                },
            ),
            "a.wav: its sound lasts 9 s, more than the limit of 5 seconds; cut it shorter",
            "a.wav: 소리의 길이가 9초입니다. 한도는 5초이니 짧게 자르세요.",
        ),
        (
            Message(
                "{problems}",
                {
                    "problems": (
                        setting(
                            "sampling.steps",
                            Message("input should be greater than or equal to {ge}", {"ge": 1}),
                            0,
                        ),
                        setting("seed", Message("input should be a valid integer"), []),
                    )
                },
            ),
            "sampling.steps: input should be greater than or equal to 1, got 0; "
            "Seed: input should be a valid integer, got []",
            "sampling.steps: 1 이상인 수를 쓰세요(받은 값: 0). 시드: 정수를 쓰세요(받은 값: []).",
        ),
        (Message("a dragon flew by"), "a dragon flew by", UNKNOWN + "a dragon flew by"),
        (Message(""), "", ""),
    ],
)
def test_messages_are_given_in_the_words_of_the_page(message, english, korean):
    assert ENGLISH.words(message) == english
    assert KOREAN.words(message) == korean
    assert from_json(json.loads(json.dumps(to_json(message)))) == message


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("problems", [ENGLISH, KOREAN])
def test_a_file_keeps_its_name_whatever_it_is(problems, name):
    message = MediaError("{file}: is a still image; give a video file", file=name).message
    assert problems.words(message).startswith(f"{name}: ")


@pytest.mark.parametrize("text", ["; " * 10_000, "{file}" * 5000, "x" * 10**6])
def test_what_is_too_long_is_cut(text):
    for problems in (ENGLISH, KOREAN):
        for message in (
            Message(text),
            Message("{why}", {"why": text}),
            Message(EMPTY, {"file": text}),
        ):
            assert 0 < len(problems.words(message)) <= LONGEST


def test_a_long_value_is_cut_where_the_words_are_known():
    wrong = Message(
        "string should have at most {max_length} character{expected_plural}",
        {"max_length": 9, "expected_plural": "s"},
    )
    shown = KOREAN.words(setting("settings.0", wrong, "x" * 5000))
    assert shown.startswith("settings.0: 9자까지 쓸 수 있습니다(받은 값: 'xxx")
    assert len(shown) < 250


def test_a_job_is_worded_too_and_stays_what_it_was():
    warning = Message(
        "{file}: has no sound that can be read; the output is silent", {"file": "a.mp4"}
    )
    summary = Summary[SavedMessage](
        frames=1, seconds=1.0, temporal=None, seams=None, losses={}, warnings=(warning,)
    )
    job = JobView[SavedMessage](
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
        error=Message("there is no such file; upload it again"),
        created="2026-01-01T00:00:00Z",
        summary=summary,
        form=EditForm(),
        preview_frame=None,
        preview_box=None,
    )
    shown = KOREAN.job(job)
    assert shown.error == "그런 파일이 없습니다. 다시 올리세요."
    assert shown.summary is not None
    assert shown.summary.warnings == ("a.mp4: 읽을 수 있는 소리가 없어 결과에 소리가 없습니다.",)
    assert job.summary == summary
    again = JobView[SavedMessage].model_validate_json(job.model_dump_json())
    assert KOREAN.job(again) == shown
