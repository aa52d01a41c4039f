import pytest
from hypothesis import given
from hypothesis import strategies as st

from soundini.web.words.template import Template


@pytest.mark.parametrize(
    ("text", "message", "found"),
    [
        ("all of it", "all of it", {}),
        ("all of it", "all of it!", None),
        ("{file}: is empty", "a.mp4: is empty", {"file": "a.mp4"}),
        ("{file}: is empty", "a.mp4: is empty; no", None),
        ("{w}x{h} px", "3x4x5 px", {"w": "3", "h": "4x5"}),
        ("a{x}a", "a", None),
        ("a{x}a", "aa", {"x": ""}),
        ("{a}, {b}; {c}", "1; 2, 3; 4", {"a": "1; 2", "b": "3", "c": "4"}),
        ("[0-9]{1,9}.* {x}", "[0-9]{1,9}.* y", {"x": "y"}),
        ("{x}: (a|b)", "c: a", None),
        ("{file}: is {w}x{h}", "a: is 1x2: is 3x4", {"file": "a: is 1x2", "w": "3", "h": "4"}),
        ("{file}: is {w}x{h}", "a: is 34", None),
        ("{file} is {w}", "a is b is ", {"file": "a is b", "w": ""}),
    ],
)
def test_holes_are_as_short_as_may_be_and_the_rest_is_no_pattern(text, message, found):
    assert Template(text).match(message) == found


@given(st.lists(st.text("abc{} .*"), min_size=3, max_size=3))
def test_what_was_put_in_is_found_again(values):
    message = "lasts {} of {}, or {}!".replace("{}", "%s") % tuple(values)
    found = Template("lasts {x} of {y}, or {z}!").match(message)
    assert found is not None
    assert "lasts {} of {}, or {}!".replace("{}", "%s") % tuple(found.values()) == message


@pytest.mark.timeout(60)
@pytest.mark.parametrize("first", ["a", "file"])
@pytest.mark.parametrize("name", [": is " * 50_000, "x" * 200_000, "0x0 at " * 30_000])
def test_no_name_makes_a_match_take_for_ever(name, first):
    """Whoever tries every split of eight holes would be at it for longer than there is a test."""
    template = Template(f"{{{first}}}" + ": is {b}x{c} at {d} x{e} at {f}: is {g} at {h}; mend it")
    assert template.match(name) is None
    assert template.match(f"{name}; mend it.") is None
