import pytest

from soundini.web.words.problems import PARTICLES, fitting


@pytest.mark.parametrize(
    ("before", "particle", "form"),
    [
        ("영상", "은(는)", "은"),
        ("소리", "은(는)", "는"),
        ("타원", "이(가)", "이"),
        ("10", "을(를)", "을"),
        ("2", "을(를)", "를"),
        ("clip.mp4", "이(가)", "가"),
        ("'구름'", "(이)라는", "이라는"),
        ("서울", "(으)로", "로"),
        ("1", "(으)로", "로"),
        ("3", "(으)로", "으로"),
        ("960x543", "(으)로", "으로"),
        ("fire", "을(를)", "을(를)"),
        ("", "은(는)", "은(는)"),
        ("…", "이(가)", "이(가)"),
    ],
)
def test_the_last_sound_decides(before, particle, form):
    assert fitting(particle, before) == form


def test_there_are_two_forms_of_each():
    assert all(one != other for one, other in PARTICLES.values())
