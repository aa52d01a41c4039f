"""What the fuzzer found in settings, names and numbers, each once more by name."""

import json
import os

import pytest

import media_factory as make
from soundini.benchmark.suite import load_suite
from soundini.config.presets import override, recipe_from
from soundini.config.recipe import Recipe
from soundini.editing.request import keyed_path, read_request
from soundini.errors import ConfigError
from soundini.masks.folder import FolderMask
from soundini.settings_files import read_json, read_yaml

from .conftest import edit


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_json_nested_without_end_is_refused(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="nested too deeply"):
        read_request(path)


def test_yaml_of_billions_of_aliases_is_refused(tmp_path):
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    path = tmp_path / "suite.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigError, match="aliases"):
        load_suite(path, tmp_path)
    path.write_text("- " * 100_000)
    with pytest.raises(ConfigError, match="nested too deeply"):
        load_suite(path, tmp_path)


def test_settings_are_read_from_plain_files_of_a_sane_size(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for read in (read_json, read_yaml):
        for path in (tmp_path / "fifo", "/dev/zero", tmp_path):
            with pytest.raises(ValueError, match="not a plain file"):
                read(tmp_path / path)
        with (tmp_path / "large").open("wb") as file:
            file.truncate(1 << 34)
        with pytest.raises(ValueError, match="larger than"):
            read(tmp_path / "large")


def test_lists_of_clips_that_are_no_text_are_refused(tmp_path):
    from soundini.evaluation.clips import load_clips

    (tmp_path / "clips.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"clips\.yaml"):
        load_clips(tmp_path / "clips.yaml")


@pytest.mark.parametrize("request_", [[], "x", 1, None])
def test_request_that_is_no_object_is_refused(tmp_path, request_):
    (tmp_path / "a.recipe.json").write_text(json.dumps({"request": request_}))
    with pytest.raises(ConfigError, match="request"):
        read_request(tmp_path / "a.recipe.json")


def test_numbers_that_are_none_are_refused():
    for text in ("NaN", "Infinity", "1e400", "1e308"):
        with pytest.raises(ConfigError, match=r"sound\.offset"):
            override(Recipe(), [f"sound.offset={text}"])
    with pytest.raises(ConfigError, match="lambda_sound"):
        recipe_from({"guidance": {"lambda_sound": float("inf")}})


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 100_000, "{" * 100_000])
def test_values_that_json_cannot_hold_are_text(value):
    with pytest.raises(ConfigError, match="seed"):
        override(Recipe(), [f"seed={value}"])
    with pytest.raises(ConfigError, match=r"compute\.memory"):
        override(Recipe(), [f"compute.memory={'9' * 400}.5GB"])


def test_digits_that_are_no_numbers_are_names(tmp_path):
    assert keyed_path("²=a.png")[0] is None
    assert keyed_path(f"{'9' * 5000}=a.png")[0] is None
    for name in ("²1.png", "²2.png"):
        make.write_image(tmp_path / name, make.disc_mask((32, 48), 8))
    assert len(FolderMask(tmp_path, (32, 48)).files) == 2


def test_names_that_the_system_cannot_ask_for_are_refused(refused, video, tmp_path):
    assert "null" in refused(*edit("a\0b", "-o", tmp_path / "out.mp4"))
    assert "null" in refused(*edit(video, "-o", f"{tmp_path}/a\0b.mp4"))
    assert "too long" in refused(*edit(video, "-o", f"{tmp_path}/{'x' * 300}.mp4"))


def test_long_messages_are_cut(refused, video, tmp_path):
    assert (
        len(refused(*edit(video, "-o", tmp_path / "o.mp4", "--set", f"seed={'x' * 50_000}"))) < 1500
    )
