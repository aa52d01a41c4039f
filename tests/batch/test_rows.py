import json
import os

import pytest

from soundini.batch.file import FileSettings, read_batch_file
from soundini.batch.rows import expand
from soundini.config.presets import load_preset
from soundini.errors import ConfigError

from .conftest import SHARED


def names(batch):
    return [row.request.output.relative_to(batch.output).as_posix() for row in batch.rows]


def test_every_video_meets_every_sound_mask_and_recipe(batch, folder):
    made = batch(
        video="clips/*.mp4",
        sound=["self", "*.wav"],
        mask=["masks/{video}.png", {"ellipse": "0.5,0.5,0.2,0.2"}],
        recipe=["fast", "quality"],
        name="{video}/{sound}-{mask}-{recipe}",
        output="edited",
    )
    assert names(made) == [
        f"{video}/{sound}-{mask}-{recipe}.mp4"
        for video in ("beach", "street")
        for sound in ("self", "fire", "rain")
        for mask in (video, "ellipse")
        for recipe in ("fast", "quality")
    ]
    first, other = made.rows[0].request, made.rows[-1].request
    assert first.mask.paths == (str(folder / "masks" / "beach.png"),)
    assert first.sound == "self"
    assert other.mask.ellipse == "0.5,0.5,0.2,0.2"
    assert other.sound == str(folder / "rain.wav")
    assert other.recipe.guidance == load_preset("quality").guidance
    assert other.recipe.sampling.steps == 3, "set comes after the preset"
    assert made.manifest == folder / "edited" / "jobs.manifest.jsonl"


def test_a_row_says_what_its_sounds_are(batch):
    made = batch(
        video="clips/street.mp4", set=["sound.heard_as=two"], rows=[{}, {"heard_as": "one"}]
    )
    assert [row.request.recipe.sound.heard_as for row in made.rows] == ["two", "one"]


def test_rows_lie_over_the_file(batch):
    made = batch(
        video="clips/street.mp4",
        start=1,
        rows=[
            {"set": ["seed=3", "sampling.steps=4"], "end": "0.2s"},
            {"video": ["clips/**/*.mp4", "!clips/s*.mp4"], "start": None, "sound": "rain.wav"},
        ],
    )
    over, other = (row.request for row in made.rows)
    assert names(made) == ["street-fire.mp4", "beach-rain.mp4"]
    assert (over.recipe.seed, over.recipe.sampling.steps, over.recipe.region.size) == (3, 4, 32)
    assert (over.start, over.end) == ("1", "0.2s")
    assert (other.recipe.seed, other.recipe.sampling.steps, other.start) == (0, 3, None)


def test_json_lines_are_rows(folder):
    path = folder / "jobs.jsonl"
    row = {**SHARED, "video": "clips/*.mp4", "name": "out/{video}"}
    path.write_text(f"{json.dumps(row)}\n\n[]\n{json.dumps({'vidoe': 1})}\n")
    made = expand(read_batch_file(path))
    assert [row.where for row in made.rows] == [f"jobs.jsonl, line {n}" for n in (1, 1, 3, 4)]
    assert made.rows[0].request.output == folder / "out" / "beach.mp4"
    assert "JSON object" in str(made.rows[2].problem)
    assert "the nearest is video" in str(made.rows[3].problem)


def test_recipe_files_give_their_settings(batch, folder):
    (folder / "weak.json").write_text('{"guidance": {"strength": 0.01}}')
    (row,) = batch(video="clips/street.mp4", recipe="weak.json", name="{recipe}").rows
    assert row.request.recipe.guidance.strength == 0.01
    assert row.request.output.name == "weak.mp4"
    assert row.recipe_file == folder / "weak.json"


def test_letters_of_patterns_in_names_are_letters(batch, folder):
    odd = folder / "clips" / "b[1].mp4"
    (folder / "clips" / "beach.mp4").rename(odd)
    (folder / "masks" / "beach.png").rename(folder / "masks" / "b[1]-a.png")
    made = batch(video="clips/b*.mp4", mask="masks/{video}-*.png")
    assert [row.request.video for row in made.rows] == [odd]
    assert made.rows[0].request.mask.paths[0].endswith("b[1]-a.png")
    assert batch(video="clips/b[1].mp4").rows[0].request.video == odd


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "there is no video"),
        ({"video": "clips/*.avi"}, "nothing matches clips/*.avi"),
        ({"video": "clips/street.mp4", "mask": []}, "there is no mask"),
        ({"video": "clips/street.mp4", "recipe": "fats"}, "the nearest is fast"),
        ({"video": "clips/street.mp4", "set": ["seed=-1"]}, "seed: "),
        ({"video": "clips/street.mp4", "name": "{clip}"}, "there is no {clip}"),
        ({"video": "clips/street.mp4", "name": ""}, "choose another"),
    ],
)
def test_row_that_makes_no_edit_says_why(batch, keys, words):
    (row,) = batch(**keys).rows
    assert row.request is None
    assert words in str(row.problem)


@pytest.mark.parametrize(
    "text", ["[]", "a: [", "output: 3", "rows: [1]", "\x00", "vidoe: a.mp4", "video: *.mp4"]
)
def test_what_is_no_batch_file_is_refused(folder, text):
    path = folder / "jobs.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"jobs\.yaml"):
        read_batch_file(path)


def test_aliases_that_multiply_are_refused(folder):
    path = folder / "jobs.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    path.write_text("\n".join([*lines, "video: *a29"]))
    with pytest.raises(ConfigError, match="aliases"):
        read_batch_file(path)


def test_every_key_is_told_of():
    for field in FileSettings.model_fields.values():
        assert field.description


def test_a_product_without_end_is_refused(batch, monkeypatch):
    monkeypatch.setattr("soundini.batch.rows.MOST_ROWS", 3)
    with pytest.raises(ConfigError, match="more than 3 edits"):
        batch(video="clips/*.mp4", sound=["fire.wav", "rain.wav"])


@pytest.mark.parametrize("name", ["jobs.yaml", "jobs.jsonl"])
def test_a_pipe_is_no_batch_file_and_is_not_waited_for(folder, name):
    os.mkfifo(folder / name)
    with pytest.raises(ConfigError, match=f"{name}: it is not a plain file"):
        read_batch_file(folder / name)
