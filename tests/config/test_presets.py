import json

import pytest

from soundini.config.presets import (
    load_preset,
    override,
    preset_names,
    preset_of,
    recipe_from,
)
from soundini.config.recipe import Recipe
from soundini.config.section import setting_names
from soundini.errors import ConfigError


def test_the_presets_load():
    assert preset_names() == [
        "fast",
        "paper",
        "paper-256",
        "paper-512",
        "paper-512-uncond",
        "quality",
    ]
    for name in preset_names():
        assert isinstance(load_preset(name), Recipe)


def test_fast_is_the_default():
    assert load_preset("fast") == Recipe()


@pytest.mark.parametrize(
    ("name", "side"), [("paper-256", 256), ("paper-512", 512), ("paper-512-uncond", 512)]
)
def test_the_presets_of_the_packs_of_the_paper_are_the_papers_at_their_size(name, side):
    paper, preset = load_preset("paper"), load_preset(name)
    assert preset_of(name) == name
    assert preset.region.size == side
    assert (preset.sampling, preset.guidance) == (paper.sampling, paper.guidance)
    assert preset.guidance.lambda_text == preset.guidance.lambda_sound == 1000
    compute = preset.compute
    assert (compute.chunk, compute.checkpoint, compute.offload) == ("auto", "auto", "auto")
    # the leanest, where nothing has been chosen
    assert (compute.frames_at_once, compute.recomputes, compute.parks) == (1, True, True)


@pytest.mark.parametrize("models", [None, "embedded", "a/folder"])
def test_other_models_take_the_fast_preset(models):
    assert preset_of(models) == "fast"


def test_a_recipe_survives_json():
    recipe = override(load_preset("quality"), ["seed=3", "sampling.noise=warped"])
    assert recipe_from(json.loads(recipe.model_dump_json())) == recipe


def test_override_sets_one_thing():
    recipe = override(Recipe(), ["guidance.augment.views=7", "sampling.method=dpmpp_2m"])
    assert recipe.guidance.augment.views == 7
    assert recipe.sampling.method == "dpmpp_2m"
    assert recipe.window == Recipe().window


@pytest.mark.parametrize(
    ("assignment", "hint"),
    [
        ("guidance.lambda_sond=1", "guidance.lambda_sound"),
        ("strength=1", "guidance.strength"),
        ("sampling.step=3", "sampling.steps"),
        ("seed.x=3", "the nearest is seed"),
        ("nonsense", "key=value"),
        ("guidance=3", "settings"),
        ("sampling.steps=0", "sampling.steps"),
        ("sampling.steps=many", "sampling.steps"),
        ("sampling.method=magic", "ddpm"),
        ("window.overlap=9", "half"),
        ("seed=-1", "seed"),
        ("guidance.strength=nan", "guidance.strength"),
    ],
)
def test_bad_overrides_are_one_helpful_line(assignment, hint):
    with pytest.raises(ConfigError) as error:
        override(Recipe(), [assignment])
    assert hint in str(error.value)
    assert "\n" not in str(error.value)


def test_unknown_preset_names_the_nearest():
    with pytest.raises(ConfigError, match="quality"):
        load_preset("qualty")


def test_every_setting_is_documented():
    for model in [Recipe, *[f.annotation for f in Recipe.model_fields.values()]]:
        for name, field in getattr(model, "model_fields", {}).items():
            nested = hasattr(field.annotation, "model_fields")
            assert field.description or nested or name == "seed", name
    assert len(setting_names(Recipe)) > 40


def test_settings_are_replaced_by_keyword():
    recipe = Recipe().replace(seed=7, guidance__augment__views=2)
    assert (recipe.seed, recipe.guidance.augment.views) == (7, 2)
    assert recipe == override(Recipe(), ["seed=7", "guidance.augment.views=2"])
    assert recipe.sampling.replace(steps=3).steps == 3
    with pytest.raises(ConfigError, match=r"unknown setting guidance.strenght; .*strength"):
        Recipe().replace(guidance__strenght=1)
    with pytest.raises(ConfigError, match="sampling"):
        Recipe().replace(sampling__steps=0)
