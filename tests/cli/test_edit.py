import hashlib
import json
import re

import numpy as np
import pytest
from PIL import Image

import media_factory as make
from soundini.cli import progress
from soundini.editing.memory import MemoryModel
from soundini.media.sound import load_sound
from soundini.media.video_info import probe_video
from soundini.media.video_reader import VideoReader

from .conftest import QUICK, assert_refused


def frames_of(path):
    with VideoReader(path) as reader:
        return np.stack([f.rgb for f in reader.frames()])


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def recipe_beside(path):
    return json.loads(path.with_suffix(".recipe.json").read_text())


def test_edit_writes_a_video_and_its_recipe_and_nothing_else(edit, video, out):
    code, told, err = edit()
    assert (code, err) == (0, "")
    assert sorted(p.name for p in out.parent.iterdir()) == ["out.mp4", "out.recipe.json"]
    before, after = frames_of(video), frames_of(out)
    assert after.shape == before.shape
    change = np.abs(after.astype(int) - before).mean((0, 3))
    assert change[20:44, 32:56].mean() > 5 * change[:, 76:].mean()
    assert f"output      {out} (6 frames)" in told
    for word in ("recipe", "seconds", "warp error", "ratio", "losses", "step 3/3", "left"):
        assert word in told


def test_a_sound_that_ends_early_is_told_of_before_and_after(edit, sound, tmp_path):
    video = make.write_video(tmp_path / "long.mp4", 36)
    code, told, _ = edit(video=video)
    assert code == 0
    begun, _, ended = told.partition("step 9/9")
    assert re.search("the sound is heard as .*, and ends after 0.5 s\n", begun)
    assert "warning     nothing is heard after 0.5 s of 1.5 s" in ended
    code, told, _ = edit("--set", "sound.loop=true", video=video)
    assert code == 0
    assert "ends after" not in told
    assert "warning" not in told


def test_long_masks_tell_how_far_they_are(edit, monkeypatch):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0)
    code, told, _ = edit("--track")
    assert code == 0
    assert [line for line in told.splitlines() if line.startswith("mask ")] == [
        f"mask {i + 1}/6" for i in range(6)
    ]


def test_flags_presets_and_settings_meet_in_the_recipe(edit, out):
    code, *_ = edit(
        *("--seed", "7", "--envelope", "off", "--noise", "warped", "--audio", "none"),
        *("--track", "--dilate", "2", "--feather", "0.2", "--set", "sampling.eta=0.5"),
        *("--set", "window.frames=4", "--set", "window.overlap=1"),
    )
    assert code == 0
    recipe = recipe_beside(out)["request"]["recipe"]
    assert recipe["seed"] == 7
    assert recipe["sound"]["envelope"] == "off"
    assert recipe["sampling"]["noise"] == "warped"
    assert recipe["sampling"]["eta"] == 0.5
    assert recipe["output"]["audio"] == "none"
    assert recipe["region"] | {"track": True, "dilate": 2, "feather": 0.2} == recipe["region"]


def test_recipe_makes_the_same_bytes_again(edit, run, out, tmp_path):
    assert edit("--seed", "3", "--audio", "mix")[0] == 0
    again = tmp_path / "again.mp4"
    code, told, _ = run("edit", "--recipe", out.with_suffix(".recipe.json"), "-o", again)
    assert code == 0
    np.testing.assert_array_equal(frames_of(again), frames_of(out))
    assert sha(again) == sha(out) == recipe_beside(out)["output"]["sha256"]
    assert "the same bytes as recorded" in told


def test_memory_chooses_windows_and_the_recipe_says_which(edit, run, out, tmp_path, monkeypatch):
    model = MemoryModel(base=100e6, frame=10e6, passed=30e6)
    with monkeypatch.context() as patch:
        patch.setattr("soundini.editing.cost.model_memory", lambda *_: model)
        code, told, _ = edit("--memory", "200MB")
        assert code == 0
        assert "6 frames in 2 windows" in told
        assert_refused(edit("--memory", "150MB"), "at the least, more than 150MB", "--memory")
    recipe = recipe_beside(out)["request"]["recipe"]
    assert (recipe["window"]["frames"], recipe["compute"]["chunk"]) == (5, 1)
    assert recipe["compute"]["memory"] == ""
    again = tmp_path / "again.mp4"
    code, told, _ = run("edit", "--recipe", out.with_suffix(".recipe.json"), "-o", again)
    assert code == 0
    assert "the same bytes as recorded" in told


def test_memory_is_measured(edit):
    assert_refused(edit("--memory", "1MB"), "MiB at the least, more than 1MB")
    code, told, _ = edit("--memory", "100GB")
    assert code == 0
    assert "6 frames in 1 windows" in told


def test_recipe_is_understood_from_anywhere(run, tmp_path, monkeypatch):
    """Paths are kept as seen from the recipe: a folder that is moved whole still works."""
    home, moved = tmp_path / "home", tmp_path / "moved"
    (home / "out").mkdir(parents=True)
    make.write_video(home / "in.mp4", 6)
    make.write_sound(home / "tone.wav", make.tone(0.5))
    for name in "ab":
        make.write_image(home / f"{name}.png", make.disc_mask())
    monkeypatch.chdir(home)
    asked = ("in.mp4", "--sound", "tone.wav", "--mask", "0=a.png", "--mask", "3=b.png")
    assert run("edit", *asked, "-o", "out/out.mp4", *QUICK)[0] == 0
    home.rename(moved)
    monkeypatch.chdir(tmp_path)
    code, told, _ = run("edit", "--recipe", "moved/out/out.recipe.json", "-o", "again.mp4")
    assert code == 0
    assert "the same bytes as recorded" in told
    assert "another file" not in told
    make.write_sound(moved / "tone.wav", make.tone(0.5, 200))
    _, told, _ = run("edit", "--recipe", "moved/out/out.recipe.json", "-o", "again.mp4")
    assert "warning     tone.wav is another file than the recipe was made with" in told


def test_recipe_gives_way_to_what_is_said_besides(edit, run, out, tmp_path):
    assert edit("--seed", "3")[0] == 0
    other = tmp_path / "other.mp4"
    recipe = out.with_suffix(".recipe.json")
    code, told, _ = run("edit", "--recipe", recipe, "-o", other, "--seed", "4", "--end", "3")
    assert code == 0
    assert len(frames_of(other)) == 3
    assert recipe_beside(other)["request"]["recipe"]["seed"] == 4
    assert "as recorded" not in told


def test_recipe_whose_input_has_changed_says_so(edit, run, out, sound, tmp_path):
    assert edit()[0] == 0
    make.write_sound(sound, make.tone(0.5, 200))
    recipe = out.with_suffix(".recipe.json")
    code, told, _ = run("edit", "--recipe", recipe, "-o", tmp_path / "other.mp4")
    assert code == 0
    assert "warning     noise.wav is another file than the recipe was made with" in told


def test_plain_recipe_file_needs_the_rest_of_the_command(edit, out, tmp_path):
    plain = tmp_path / "mine.json"
    plain.write_text('{"seed": 11}')
    assert edit("--recipe", plain)[0] == 0
    assert recipe_beside(out)["request"]["recipe"]["seed"] == 11


def test_recipe_that_is_none(edit, tmp_path):
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert_refused(edit("--recipe", broken), "broken.json")


@pytest.mark.parametrize("mode", ["guide", "source", "mix", "none"])
def test_audio(edit, out, mode):
    assert edit("--audio", mode)[0] == 0
    assert probe_video(out).has_audio == (mode != "none")
    if mode != "none":
        assert load_sound(out).duration == pytest.approx(0.25, abs=0.05)


def test_source_without_sound_is_a_warning(edit, out, tmp_path):
    mute = make.write_video(tmp_path / "mute.mp4", 6)
    code, told, _ = edit("--audio", "source", video=mute)
    assert code == 0
    assert "warning     " in told
    assert "mute.mp4" in told
    assert not probe_video(out).has_audio


def test_sound_of_the_video_itself(edit, out):
    assert edit(sound="self")[0] == 0
    assert out.exists()


@pytest.mark.parametrize(
    ("part", "kept"),
    [
        (("--start", "2", "--end", "5"), slice(2, 5)),
        (("--start", "4"), slice(4, None)),
        (("--start", "0.0834s", "--end", "9s"), slice(3, None)),
        (("--end", "0.125s"), slice(0, 3)),
    ],
)
def test_part(edit, video, out, part, kept):
    assert edit(*part, "--set", "output.crf=0")[0] == 0
    before, after = frames_of(video)[kept], frames_of(out)
    assert after.shape == before.shape
    outside = np.abs(after[:, :, 80:].astype(int) - before[:, :, 80:])
    assert outside.mean() < 2


@pytest.mark.parametrize(
    "kind", ["still", "video", "folder", "keyframes", "ellipse", "polygon", "all"]
)
def test_masks(edit, out, tmp_path, kind):
    disc = make.disc_mask((64, 96))
    still = make.write_image(tmp_path / "mask.png", disc)
    ways = {
        "still": ("--mask", still),
        "keyframes": ("--mask", f"0={still}", "--mask", f"3={still}", "--track"),
        "ellipse": ("--ellipse", "0.5,0.5,0.2,0.3"),
        "polygon": ("--polygon", "20,10,70,10,40,50"),
        "all": ("--whole-frame",),
    }
    if kind == "video":
        white = np.rint(disc * 255).astype(np.uint8)[..., None].repeat(3, -1)
        ways[kind] = ("--mask", make.write_video(tmp_path / "mask.mp4", [white] * 6))
    if kind == "folder":
        folder = tmp_path / "masks"
        folder.mkdir()
        for i in range(6):
            make.write_image(folder / f"{i}.png", disc)
        ways[kind] = ("--mask", folder)
    assert edit(mask=ways[kind])[0] == 0
    assert out.exists()


def test_preview_file_shows_the_work(edit, tmp_path, out):
    live = tmp_path / "live.png"
    assert edit("--preview-file", live)[0] == 0
    with Image.open(live) as picture:
        assert picture.size == (32, 32)
    assert [p.name for p in tmp_path.glob("*.part*")] == []


def test_dry_run_says_much_and_writes_nothing(edit, out, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    code, told, err = edit("--dry-run")
    assert (code, err) == (0, "")
    assert sorted(tmp_path.rglob("*")) == before
    for word in ("sampling.steps = 3", "6 (0 to 5", "windows      1", "32x32", "in all", "MiB"):
        assert word in told


def test_stride_samples_keyframes_and_edits_every_frame(edit, video, out):
    code, told, err = edit("--stride", "3", "--dry-run")
    assert (code, err) == (0, "")
    assert "keyframes    3 of 6 frames" in told  # 0, 3 and the last
    assert "3 steps a window, 9 of a frame in all" in told
    code, told, err = edit("--stride", "3", "--set", "sound.envelope=off")
    assert (code, err) == (0, "")
    assert recipe_beside(out)["request"]["recipe"]["window"]["stride"] == 3
    change = np.abs(frames_of(out).astype(int) - frames_of(video))
    assert (change[:, 20:44, 32:56].mean((1, 2, 3)) > 5 * change[:, :, 76:].mean()).all()


def test_dry_run_counts_one_picture_for_all_frames_where_the_method_edits_one(edit):
    code, told, _ = edit("--dry-run", "--method", "layered-atlases", "--set", "atlases.points=50")
    assert code == 0
    assert "3 steps a window, 3 of a frame in all" in told


def test_preview_is_a_strip_of_source_over_edit(run, video, sound, tmp_path):
    strip = tmp_path / "strip.png"
    for frames, wide in (("1", 96), ("8", 6 * 96 + 5 * 4)):
        ask = ("preview", video, "-s", sound, "--box", "24,12,40,40", "--frames", frames)
        code, told, _ = run(*ask, "-o", strip, *QUICK)
        assert code == 0
        assert "strip.png" in told
        with Image.open(strip) as picture:
            assert picture.size == (wide, 2 * 64 + 4)
            pixels = np.asarray(picture).astype(int)
        assert np.abs(pixels[20:44, 32:56] - pixels[88:112, 32:56]).mean() > 2
    assert [p.name for p in tmp_path.iterdir() if p.suffix in (".json", ".part")] == []


def test_mask_preview_tints_the_mask(run, video, tmp_path):
    picture = tmp_path / "overlay.png"
    code, told, _ = run(
        "mask", "preview", video, "--box", "24,12,40,40", "-o", picture, "--frames", 2
    )
    assert code == 0
    assert "frame 1, 4" in told
    with Image.open(picture) as image:
        assert image.size == (2 * 96 + 4, 64)
        pixels = np.asarray(image).astype(int)
    inside, outside = pixels[20:44, 32:56].mean((0, 1)), pixels[:, 76:96].mean((0, 1))
    assert inside[0] - inside[2] > 40 > abs(outside[0] - outside[2])


def test_mask_preview_refuses_what_an_edit_refuses(run, video, tmp_path):
    picture = tmp_path / "overlay.png"
    assert_refused(run("mask", "preview", video, "-o", picture), "--box")
    wrong = make.write_image(tmp_path / "mask.png", np.ones((8, 8), np.float32))
    assert_refused(run("mask", "preview", video, "--mask", wrong, "-o", picture), "8x8")
    assert_refused(run("mask", "preview", video, "--whole-frame", "-o", tmp_path / "a.gif"), ".png")
    assert not picture.exists()


def test_blended_diffusion_edits_every_frame_by_itself(edit, out, tmp_path):
    """The window that a frame lies in makes no difference, where it does to the paper's method."""
    more = ("--envelope", "off", "--audio", "none", "--set", "output.crf=0")
    more += ("--set", "guidance.strength=0.03", "--set", "sampling.condition=3")
    apart = tmp_path / "apart.mp4"
    changes = {}
    for method in ("soundini", "blended-diffusion"):
        flags = ("--method", method, *more)
        assert edit(*flags)[0] == 0
        small = ("--set", "window.frames=2", "--set", "window.overlap=0")
        assert edit(*flags, *small, output=apart)[0] == 0
        changes[method] = np.abs(frames_of(out).astype(int) - frames_of(apart)).max()
    assert changes["blended-diffusion"] <= 2  # sums of another batch are rounded otherwise
    assert changes["soundini"] > 5


def test_blended_diffusion_samples_as_many_candidates_as_it_is_told(edit, out):
    code, told, _ = edit("--method", "blended-diffusion", "--set", "blended.candidates=2")
    assert code == 0
    assert "step 6/6" in told
    recipe = recipe_beside(out)["request"]["recipe"]
    assert (recipe["method"], recipe["blended"]) == ("blended-diffusion", {"candidates": 2})
