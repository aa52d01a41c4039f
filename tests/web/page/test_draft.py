import base64
import io

import numpy as np
import pytest
from PIL import Image

from soundini.errors import SoundiniError
from soundini.web.forms.asking import recipe_of
from soundini.web.forms.forms import EditForm
from soundini.web.limits import Limits
from soundini.web.page.controls import presets_for, read_form, values_of
from soundini.web.page.draft import Draft, draft_of, still_there
from soundini.web.page.painter import kept, scene
from soundini.web.page.saying import heard_as_choices
from soundini.web.page.texts import Texts

ENGLISH = Texts("en")
ME, YOU = "a" * 32, "b" * 32


def values(**changes):
    """What the controls stand at when the page opens."""
    fresh = EditForm(video="0" * 32, sound="self", settings=("output.audio=guide",))
    return list((values_of(fresh) | changes).values())


def painted(alpha):
    out = io.BytesIO()
    rgba = np.dstack([np.full((*alpha.shape, 3), (255, 96, 0), np.uint8), alpha])
    Image.fromarray(rgba).save(out, "PNG")
    return {
        "mask": "data:image/png;base64," + base64.b64encode(out.getvalue()).decode(),
        "changed": True,
    }


@pytest.fixture
def stocked(service_in, media):
    """A service with a video of mine in it."""
    service = service_in()
    with (media / "clip.mp4").open("rb") as file:
        return service, service.add_file(ME, "video", file, "clip.mp4").id


@pytest.mark.parametrize(
    "stored",
    [None, 7, {"video": "../../etc/passwd"}, {"keyframes": {"x": "y"}}, {"frame": -1}],
)
def test_a_browser_that_keeps_nonsense_begins_anew(stored):
    assert draft_of(stored) == Draft()


def test_a_draft_goes_through_the_browser_and_comes_back():
    draft = Draft(video=ME, sound="self", keyframes={3: YOU}, frame=3, painted=("digest", YOU))
    assert draft_of(draft.stored) == draft


def test_files_of_others_leave_a_draft(stocked):
    service, video = stocked
    draft = Draft(video=video, sound="self", keyframes={0: "c" * 32})
    assert still_there(draft, service, ME) == draft.with_(keyframes={})
    assert still_there(draft, service, YOU) == Draft()


def test_paint_is_kept_once_and_with_a_hard_edge(stocked):
    service, video = stocked
    alpha = np.zeros((64, 96), np.uint8)
    alpha[10:20, 10:20], alpha[20, 10:20] = 255, 100
    draft, mask = kept(ENGLISH, service, ME, Draft(video=video), painted(alpha))
    again, same = kept(ENGLISH, service, ME, draft, painted(alpha))
    assert (again, same) == (draft, mask)
    stored = np.asarray(Image.open(service.file(ME, mask).path).convert("L"))
    assert (stored == np.where(alpha == 255, 255, 0)).all()
    shown = scene(service, ME, draft.with_(keyframes={0: mask}))
    assert shown["mask"].startswith("data:image/png")
    assert (shown["width"], shown["height"], shown["frames"]) == (96, 64, 24)


@pytest.mark.parametrize("data", ["no picture", "data:image/png;base64,AAAA", 7])
def test_damaged_paint_is_refused_in_a_line(stocked, data):
    service, video = stocked
    with pytest.raises(SoundiniError, match="paint it again"):
        kept(ENGLISH, service, ME, Draft(video=video), {"mask": data})


def test_nothing_painted_is_nothing_kept(stocked):
    service, video = stocked
    assert kept(ENGLISH, service, ME, Draft(video=video), None)[1] is None


@pytest.mark.parametrize(
    ("draft", "words"),
    [(Draft(), "video first"), (Draft(video=ME), "sound first")],
)
def test_what_is_missing_is_named(draft, words):
    with pytest.raises(SoundiniError, match=words):
        read_form(ENGLISH, draft, None, values(), "all")


def test_settings_are_lines_of_name_and_value():
    draft = Draft(video=ME, sound="self", keyframes={4: YOU})
    lines = "sampling.steps=3\n\n guidance.lambda_flow=5 "
    form = read_form(ENGLISH, draft, (7, "c" * 32), values(settings=lines, audio="mix"), "eight")
    assert form.settings == ("output.audio=mix", "sampling.steps=3", "guidance.lambda_flow=5")
    assert [mask.frame for mask in form.masks] == [4, 7]
    assert form.tracks
    with pytest.raises(SoundiniError, match="faster"):
        read_form(ENGLISH, draft, None, values(settings="faster"), "all")


def test_the_whole_frame_needs_no_paint():
    draft = Draft(video=ME, sound="self", keyframes={4: YOU})
    form = read_form(ENGLISH, draft, None, values(whole=True), "all")
    assert form.whole_frame
    assert form.masks == ()


def test_controls_come_back_from_a_form():
    draft = Draft(video=ME, sound="self", keyframes={0: YOU})
    chosen = values(
        preset="quality",
        strength=1.5,
        audio="none",
        loop=True,
        feather="0.2",
        dilate=-3,
        seed=9,
        end="2.5s",
        heard_as="rain=0.7,fire=0.3",
    )
    form = read_form(ENGLISH, draft, None, chosen, "all")
    assert list(values_of(form).values()) == chosen
    assert form.feather == 0.2
    assert form.heard_as == "rain=0.7,fire=0.3"


def test_words_about_the_region_come_back_where_the_page_has_a_field_for_them():
    draft = Draft(video=ME, sound="self", keyframes={0: YOU})
    form = read_form(ENGLISH, draft, None, values(text=' a "blue" sea'), "all")
    assert recipe_of(form, Limits()).guidance.text == 'a "blue" sea'
    assert values_of(form, has_text=True)["text"] == 'a "blue" sea'
    assert values_of(form, has_text=True)["settings"] == ""
    assert "guidance.text" in values_of(form)["settings"]


def test_the_first_chip_says_what_is_heard_and_a_mixture_has_a_chip_of_its_own():
    means = {"sea": 0.84, "rain": 0.1}
    chips = heard_as_choices(ENGLISH, ("rain", "sea"), means, "rain=0.7,sea=0.3")
    assert chips[0] == ("as heard: sea 84%", "")
    assert [value for _, value in chips[1:]] == ["rain", "sea", "rain=0.7,sea=0.3"]
    assert len(heard_as_choices(ENGLISH, ("rain", "sea"), {}, "rain")) == 3


@pytest.mark.parametrize("name", ["paper", "paper-512"])
def test_a_preset_that_is_not_offered_is_told_by_its_settings(name):
    form = EditForm(video=ME, sound="self", whole_frame=True, preset=name, seed=4)
    chosen = values_of(form)
    assert chosen["preset"] == "fast"
    again = read_form(ENGLISH, Draft(video=ME, sound="self"), None, list(chosen.values()), "all")
    limits = Limits(steps=10**6, window_frames=1024, views=64)
    asked, wanted = (recipe_of(f, limits).model_dump(exclude={"compute"}) for f in (again, form))
    assert asked == wanted
    assert wanted["guidance"]["rule"] == "paper"


def test_presets_are_offered_that_suit_the_models():
    assert presets_for("embedded") == presets_for("/some/pack") == ("fast", "quality")
    assert presets_for("paper-256") == ("paper-256", "fast", "quality")


@pytest.mark.parametrize(
    ("written", "means"), [("", None), (" ", None), ("0", 0.0), (" 0.35 ", 0.35)]
)
def test_a_soft_edge_that_nobody_chose_is_the_presets(written, means):
    draft = Draft(video=ME, sound="self", keyframes={0: YOU})
    assert read_form(ENGLISH, draft, None, values(feather=written), "all").feather == means
    with pytest.raises(SoundiniError, match="feather"):
        read_form(ENGLISH, draft, None, values(feather="soft"), "all")
